/** One number of a counter or gauge. */
export class Tally {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }
}

/** How many of the observed values lie up to each bound, and their sum. */
export class Distribution {
  sum = 0
  readonly #bounds: readonly number[]
  /** Values in each range between neighbouring bounds; the last range has no end. */
  readonly #counts: number[]

  /** @param bounds Ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    let range = 0
    while (range < this.#bounds.length && value > this.#bounds[range]!) range++
    this.#counts[range]! += 1
    this.sum += value
  }

  /** Upper bound and number of values up to it, for each bound and for all values. */
  cumulative(): [bound: string, count: number][] {
    let count = 0
    return this.#counts.map((inRange, range) => {
      count += inRange
      return [range < this.#bounds.length ? String(this.#bounds[range]) : '+Inf', count]
    })
  }
}

interface Member<Cell> {
  readonly labels: readonly string[]
  readonly cell: Cell
}

/**
 * A metric with labels. To count costs no more than an addition: whoever counts often keeps the cell that `at` returned.
 */
export class MetricFamily<Cell extends Tally | Distribution> {
  readonly #name: string
  readonly #head: string
  readonly #labelNames: readonly string[]
  readonly #create: () => Cell
  readonly #members = new Map<string, Member<Cell>>()

  constructor(
    type: 'counter' | 'gauge' | 'histogram',
    name: string,
    help: string,
    labelNames: readonly string[],
    create: () => Cell,
  ) {
    this.#name = name
    this.#head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    this.#labelNames = labelNames
    this.#create = create
  }

  /** The cell of these label values, in the order of the names. */
  at(...labels: string[]): Cell {
    const key = labels.join('\n')
    let member = this.#members.get(key)
    if (member === undefined) this.#members.set(key, (member = { labels, cell: this.#create() }))
    return member.cell
  }

  /** Ends all series whose label `name` is `value`. */
  remove(name: string, value: string): void {
    const at = this.#labelNames.indexOf(name)
    for (const [key, { labels }] of this.#members) if (at >= 0 && labels[at] === value) this.#members.delete(key)
  }

  /** The family in Prometheus' text format, version 0.0.4. */
  text(): string {
    let text = this.#head
    for (const { labels, cell } of this.#members.values()) {
      const pairs = this.#labelNames.map((name, at) => `${name}="${escaped(labels[at] ?? '')}"`)
      if (cell instanceof Tally) text += `${this.#name}${braced(pairs)} ${cell.value}\n`
      else text += this.#distributionText(pairs, cell)
    }
    return text
  }

  #distributionText(pairs: readonly string[], cell: Distribution): string {
    const counts = cell.cumulative()
    const buckets = counts.map(
      ([bound, count]) => `${this.#name}_bucket${braced([...pairs, `le="${bound}"`])} ${count}\n`,
    )
    const all = counts.at(-1)?.[1] ?? 0
    const labels = braced(pairs)
    return `${buckets.join('')}${this.#name}_sum${labels} ${cell.sum}\n${this.#name}_count${labels} ${all}\n`
  }
}

function braced(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
