import { nearestRank } from './percentile.ts'

/** The statistics that every report shows, in their order. */
export const statisticNames = ['mean', 'p50', 'p90', 'p95', 'p99'] as const

/** Name of a statistic. */
export type StatisticName = (typeof statisticNames)[number]

/** A figure for every statistic. */
export type Statistics = Readonly<Record<StatisticName, number>>

const percents = [50, 90, 95, 99] as const

/**
 * Statistics of values given in ascending order, each counted `counts[i]` times (once without `counts`).
 * NaN everywhere when nothing is counted.
 * @param total sum of the counts
 */
export function sortedStatistics(sorted: Float64Array, counts?: Uint32Array, total = sorted.length): Statistics {
  const ranks = percents.map((percent) => nearestRank(total, percent))
  const found = [Number.NaN, Number.NaN, Number.NaN, Number.NaN]
  let sum = 0
  let seen = 0
  let next = 0
  for (let i = 0; i < sorted.length; i++) {
    const count = counts === undefined ? 1 : counts[i]!
    if (count === 0) continue
    const value = sorted[i]!
    sum += value * count
    seen += count
    while (next < ranks.length && seen >= (ranks[next] ?? Infinity)) found[next++] = value
  }
  const [p50 = Number.NaN, p90 = Number.NaN, p95 = Number.NaN, p99 = Number.NaN] = found
  return { mean: total === 0 ? Number.NaN : sum / total, p50, p90, p95, p99 }
}

/** Statistics of values in any order; NaN everywhere for an empty list. */
export function statistics(values: ArrayLike<number>): Statistics {
  return sortedStatistics(Float64Array.from(values).sort())
}
