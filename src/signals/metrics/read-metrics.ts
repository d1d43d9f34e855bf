import { overlay, type EngineReading, type RankLoad, type RankReading } from './engine-reading.ts'
import type { RouteReading } from './engine-table.ts'
import { familiesOf, type MetricTable, type WholeField } from './metric-table.ts'
import { parsePrometheus } from './parse-prometheus.ts'
import type { MetricFamilies, Sample } from './sample.ts'
import { sumRanks, total, UNKNOWN_LOAD } from './sum-ranks.ts'

/** Adds to a reading what is not one number of one family: facts in labels, sums of families. */
export type Refine = (ranks: readonly RankReading[], families: MetricFamilies) => Refined

export interface Refined {
  readonly ranks?: readonly RankReading[]
  readonly facts?: Partial<EngineReading>
}

/** Series without the rank label, where others have one. */
const NO_RANK = -1

/** A reader of metrics pages for this table; `refine` sees the ranks before they are summed. */
export function metricsReader(table: MetricTable, refine?: Refine): (text: string) => RouteReading {
  const wanted = familiesOf(table)
  return (text) => {
    const page = parsePrometheus(text, wanted)
    if ('notMetrics' in page) {
      const found = page.excerpt === '' ? page.notMetrics : `${page.notMetrics}: ${page.excerpt}`
      return { problem: 'not-metrics', found }
    }
    if (page.families.size === 0) {
      return { problem: 'no-families', found: `a metrics page with none of ${[...wanted].slice(0, 3).join(', ')}, ...` }
    }
    const { ranks, unranked } = readRanks(table, page.families)
    const refined = refine?.(ranks, page.families)
    const sums = overlay(unranked, sumRanks(refined?.ranks ?? ranks))
    return { reading: overlay(overlay(sums, readWhole(table, page.families)), refined?.facts ?? {}) }
  }
}

type Numbers = Partial<Record<keyof RankLoad, number>>

interface Ranks {
  readonly ranks: readonly RankReading[]
  /** What is told once for all ranks. */
  readonly unranked: Numbers
}

function readRanks({ rankLabel, perRank }: MetricTable, families: MetricFamilies): Ranks {
  const byRank = new Map<number, Numbers>()
  for (const [field, names] of fieldsOf(perRank)) {
    for (const [rank, value] of largestByRank(firstFamily(names, families), rankLabel)) {
      const load = byRank.get(rank) ?? {}
      if (field !== 'kvUsage' || value <= 1) load[field] = value
      byRank.set(rank, load)
    }
  }
  const unranked = byRank.get(NO_RANK) ?? {}
  byRank.delete(NO_RANK)
  if (byRank.size === 0 && Object.keys(unranked).length > 0) byRank.set(0, {})
  // What is told once belongs to a single rank; it cannot be divided among several.
  const shared = byRank.size === 1 ? unranked : {}
  return { ranks: [...byRank].map(([rank, load]) => ({ ...UNKNOWN_LOAD, ...shared, ...load, rank })), unranked }
}

function readWhole({ rankLabel, whole }: MetricTable, families: MetricFamilies): Partial<EngineReading> {
  const reading: Partial<Record<WholeField, number>> = {}
  for (const [field, names] of fieldsOf(whole)) {
    const values = [...largestByRank(firstFamily(names, families), rankLabel).values()]
    const value = field === 'blockSize' ? values[0] : total(values)
    if (value !== undefined) reading[field] = value
  }
  return reading
}

/** The samples of the first of these families that is on the page. */
export function firstFamily(names: readonly string[], families: MetricFamilies): readonly Sample[] {
  for (const name of names) {
    const samples = families.get(name)
    if (samples !== undefined) return samples
  }
  return []
}

/**
 * The value of each rank. Several series of one rank are views of one number (tensor-parallel ranks that tell the same,
 * priority classes beside their sum), of which the largest is the number itself. Values that are no count are unknown.
 */
export function largestByRank(samples: readonly Sample[], rankLabel: string | undefined): Map<number, number> {
  const values = new Map<number, number>()
  for (const { labels, value } of samples) {
    if (!Number.isFinite(value) || value < 0) continue
    const rank = rankOf(rankLabel === undefined ? undefined : labels.get(rankLabel))
    values.set(rank, Math.max(value, values.get(rank) ?? 0))
  }
  return values
}

function rankOf(label: string | undefined): number {
  return label !== undefined && /^\d{1,9}$/.test(label) ? Number(label) : NO_RANK
}

/** A label as the number it stands for; engines write `None` for what is not known yet. */
export function labelNumber(sample: Sample | undefined, label: string): number | undefined {
  const text = sample?.labels.get(label)
  return text !== undefined && /^\d{1,15}(?:\.\d+)?$/.test(text) ? Number(text) : undefined
}

function fieldsOf<Field extends string>(
  names: Readonly<Partial<Record<Field, readonly string[]>>>,
): readonly [Field, readonly string[]][] {
  const fields: [Field, readonly string[]][] = []
  for (const field in names) {
    const list = names[field]
    if (list !== undefined) fields.push([field, list])
  }
  return fields
}
