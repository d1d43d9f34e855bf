import { nearestRank } from './percentile.ts'

/** A 95 % confidence interval. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** Share of resampled figures that an interval holds. */
const CONFIDENCE = 0.95

/** Resamples per interval: the ends of a 95 % interval are then the 25th and the 975th figure. */
export const RESAMPLES = 1000

/** The percentile-bootstrap interval of resampled figures (Efron 1979): the middle 95 % of them. NaN figures are ignored. */
export function percentileInterval(figures: Float64Array): Interval {
  const sorted = figures.filter((figure) => !Number.isNaN(figure)).sort()
  if (sorted.length === 0) return { low: Number.NaN, high: Number.NaN }
  const tail = ((1 - CONFIDENCE) / 2) * 100
  const low = sorted[nearestRank(sorted.length, tail) - 1] ?? Number.NaN
  const high = sorted[nearestRank(sorted.length, 100 - tail) - 1] ?? Number.NaN
  return { low, high }
}

/** Whether the interval of a ratio says that two arms differ, or not. */
export function includesOne(interval: Interval): boolean {
  return !(interval.low > 1 || interval.high < 1)
}
