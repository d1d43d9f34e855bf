/**
 * The nearest-rank percentile, rounded up: the smallest value such that at least `percent` of all values are at or below it.
 * @param sorted values in ascending order, at least one
 * @param percent above 0, up to 100
 */
export function percentile(sorted: Float64Array, percent: number): number {
  if (sorted.length === 0) throw new RangeError('percentile: expected at least one value, found none')
  return sorted[nearestRank(sorted.length, percent) - 1] ?? Number.NaN
}

/** Rank (from 1) of the nearest-rank percentile among `count` values. */
export function nearestRank(count: number, percent: number): number {
  // 0.29 * 100 is 28.999999999999996: the small tolerance keeps an exact rank from being rounded up by one.
  return Math.min(count, Math.max(1, Math.ceil((percent / 100) * count - 1e-9)))
}
