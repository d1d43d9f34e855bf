import { percentileInterval, RESAMPLES } from './interval.ts'
import type { Interval } from './interval.ts'
import { sortedStatistics, statisticNames } from './summary.ts'
import type { StatisticName, Statistics } from './summary.ts'

/** An interval for every statistic. */
export type StatisticIntervals = Readonly<Record<StatisticName, Interval>>

/** Uniform numbers in [0, 1), from a seeded source so that reports repeat. */
type Random = () => number

/**
 * Bootstrap intervals over requests: the values are drawn with replacement, as many as there are, a thousand times.
 * Says how much the figures would move with other requests of the same kind under the same conditions; requests of one
 * run influence each other, so the spread between runs ({@link bootstrapMean} over seeds) can be larger.
 */
export function bootstrapStatistics(values: readonly number[], random: Random): StatisticIntervals {
  const sorted = Float64Array.from(values).sort()
  const counts = new Uint32Array(sorted.length)
  return collectIntervals(() => {
    counts.fill(0)
    for (let i = 0; i < sorted.length; i++) counts[Math.floor(random() * sorted.length)]!++
    return sortedStatistics(sorted, counts)
  })
}

/** Runs a resample a thousand times and takes the interval of each statistic. */
export function collectIntervals(resample: () => Statistics): StatisticIntervals {
  const figures = statisticNames.map(() => new Float64Array(RESAMPLES))
  for (let r = 0; r < RESAMPLES; r++) {
    const drawn = resample()
    statisticNames.forEach((name, index) => {
      const column = figures[index]
      if (column !== undefined) column[r] = drawn[name]
    })
  }
  const [mean, p50, p90, p95, p99] = figures.map(percentileInterval)
  const none: Interval = { low: Number.NaN, high: Number.NaN }
  return { mean: mean ?? none, p50: p50 ?? none, p90: p90 ?? none, p95: p95 ?? none, p99: p99 ?? none }
}

/**
 * Bootstrap interval of the mean of a few figures, one per seed. With fewer than two there is none; with very few it is
 * narrower than the truth, since resampling cannot show values that never occurred.
 */
export function bootstrapMean(figures: readonly number[], random: Random): Interval | undefined {
  if (figures.length < 2) return undefined
  const means = new Float64Array(RESAMPLES)
  for (let r = 0; r < RESAMPLES; r++) {
    let sum = 0
    for (let i = 0; i < figures.length; i++) sum += figures[Math.floor(random() * figures.length)] ?? 0
    means[r] = sum / figures.length
  }
  return percentileInterval(means)
}
