import type { EngineRank } from '../engine-rank.ts'
import type { EngineTimings } from '../engine-timings.ts'
import type { RankFamily } from './rank-values.ts'

/** Media type of the Prometheus text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A value of a family, and its labels as they stand between the braces; no braces for none. */
export type LabelledValue = readonly [labels: string, value: number]

/** A family with a histogram for each rank. */
export type HistogramFamily = readonly [
  name: string,
  help: string,
  of: Exclude<keyof EngineTimings, 'success' | 'rejections'>,
]

/** Writes families of metrics in the Prometheus text format. */
export class PageWriter {
  readonly #prefix: string
  readonly #labelsOf: (rank: EngineRank) => string
  #text = ''

  /** `prefix` begins every family, such as `vllm:`; `labelsOf` gives what stands between the braces for a rank. */
  constructor(prefix: string, labelsOf: (rank: EngineRank) => string) {
    this.#prefix = prefix
    this.#labelsOf = labelsOf
  }

  get text(): string {
    return this.#text
  }

  /** A family with values of any labels. The name of a counter carries its `_total`. */
  family(type: 'gauge' | 'counter', name: string, help: string, values: readonly LabelledValue[]): void {
    this.#head(name, help, type)
    for (const [labels, value] of values) {
      this.#text += `${this.#prefix}${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`
    }
  }

  /** Families with one value for each rank. */
  families(type: 'gauge' | 'counter', families: readonly RankFamily[], ranks: readonly EngineRank[]): void {
    for (const [name, help, value] of families) {
      const values = ranks.map((rank): LabelledValue => [this.#labelsOf(rank), value(rank)])
      this.family(type, name, help, values)
    }
  }

  /** Families with one histogram for each rank. */
  histograms(families: readonly HistogramFamily[], ranks: readonly EngineRank[]): void {
    for (const [name, help, of] of families) {
      this.#head(name, help, 'histogram')
      for (const rank of ranks) this.#text += rank.timings[of].lines(this.#prefix + name, this.#labelsOf(rank))
    }
  }

  #head(name: string, help: string, type: string): void {
    this.#text += `# HELP ${this.#prefix}${name} ${help}\n# TYPE ${this.#prefix}${name} ${type}\n`
  }
}

/** A label's value as it stands between its quotes. */
export function escapeLabel(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
