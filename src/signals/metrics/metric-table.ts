import type { RankLoad } from './engine-reading.ts'

/** Fields that are counters or counts of the engine as a whole, read beside those of its ranks. */
export type WholeField = 'maxRunning' | 'preemptions' | 'promptTokens' | 'generatedTokens' | 'loraMax' | 'blockSize'

/** Which families of a metrics page hold which field of a reading. */
export interface MetricTable {
  /** The label that tells data-parallel ranks apart. */
  readonly rankLabel: string | undefined
  /** Per rank. The first name that is on the page counts, so newer names stand first. */
  readonly perRank: Readonly<Partial<Record<keyof RankLoad, readonly string[]>>>
  /** Of all ranks: summed, but for `blockSize`, which is the same everywhere. */
  readonly whole: Readonly<Partial<Record<WholeField, readonly string[]>>>
  /** Families that hold something else, such as facts in their labels. */
  readonly others: readonly string[]
}

/** Every name the table asks for. */
export function familiesOf({ perRank, whole, others }: MetricTable): ReadonlySet<string> {
  return new Set([...Object.values(perRank).flat(), ...Object.values(whole).flat(), ...others])
}

/** Both spellings of a counter: some exporters append `_total`, some do not. */
export function counter(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [`${name}_total`, name])
}
