/** Counts of observations per bucket, as Prometheus wants them. */
export class Histogram {
  readonly #edges: readonly number[]
  readonly #counts: number[]
  #sum = 0

  /** `edges` are the buckets' upper ends in rising order, without infinity. */
  constructor(edges: readonly number[]) {
    this.#edges = edges
    this.#counts = Array.from({ length: edges.length + 1 }, () => 0)
  }

  /** Adds `times` observations of the same value. */
  observe(value: number, times = 1): void {
    let bucket = 0
    while (bucket < this.#edges.length && value > this.#edges[bucket]!) bucket++
    this.#counts[bucket]! += times
    this.#sum += value * times
  }

  /** The lines of the text format; `labels` are the common ones, such as `model="m",engine="0"`. */
  lines(name: string, labels: string): string {
    let total = 0
    let text = ''
    for (const [index, count] of this.#counts.entries()) {
      total += count
      text += `${name}_bucket{le="${this.#edges[index] ?? '+Inf'}",${labels}} ${total}\n`
    }
    return `${text}${name}_count{${labels}} ${total}\n${name}_sum{${labels}} ${this.#sum}\n`
  }
}
