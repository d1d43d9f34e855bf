import { bootstrapMean, collectIntervals } from './bootstrap.ts'
import type { StatisticIntervals } from './bootstrap.ts'
import { includesOne } from './interval.ts'
import type { Interval } from './interval.ts'
import { sortedStatistics } from './summary.ts'
import type { Statistics } from './summary.ts'

type Random = () => number

/** How an arm's figures relate to those of the base: `arm / base`, below 1 where the arm's are smaller. */
export interface Ratios {
  readonly ratio: Statistics
  readonly interval: StatisticIntervals
}

/**
 * Ratios of two arms that answered the same requests: `base[i]` and `arm[i]` belong to the same one, and are drawn together,
 * which removes the difference between requests from the interval.
 */
export function comparePaired(base: readonly number[], arm: readonly number[], random: Random): Ratios {
  if (base.length !== arm.length) {
    throw new RangeError(`comparePaired: expected pairs, found ${base.length} and ${arm.length} values`)
  }
  const sortedBase = Float64Array.from(base).sort()
  const sortedArm = Float64Array.from(arm).sort()
  const placeBase = places(base)
  const placeArm = places(arm)
  const countsBase = new Uint32Array(base.length)
  const countsArm = new Uint32Array(arm.length)
  const interval = collectIntervals(() => {
    countsBase.fill(0)
    countsArm.fill(0)
    for (let i = 0; i < base.length; i++) {
      const drawn = Math.floor(random() * base.length)
      countsBase[placeBase[drawn]!]!++
      countsArm[placeArm[drawn]!]!++
    }
    return divide(sortedStatistics(sortedArm, countsArm), sortedStatistics(sortedBase, countsBase))
  })
  return { ratio: divide(sortedStatistics(sortedArm), sortedStatistics(sortedBase)), interval }
}

/** Ratios of two arms that answered different requests: each is drawn on its own. */
export function compareUnpaired(base: readonly number[], arm: readonly number[], random: Random): Ratios {
  const sortedBase = Float64Array.from(base).sort()
  const sortedArm = Float64Array.from(arm).sort()
  const interval = collectIntervals(() => divide(redraw(sortedArm, random), redraw(sortedBase, random)))
  return { ratio: divide(sortedStatistics(sortedArm), sortedStatistics(sortedBase)), interval }
}

/** Bootstrap interval over seeds of the mean ratio; undefined with fewer than two seeds. */
export function compareSeeds(base: readonly number[], arm: readonly number[], random: Random): Interval | undefined {
  const ratios = base.map((value, index) => (arm[index] ?? Number.NaN) / value)
  return bootstrapMean(ratios.filter(Number.isFinite), random)
}

/** What the intervals say: any that includes 1 leaves the difference open. */
export function verdict(
  ratio: number,
  intervals: readonly (Interval | undefined)[],
): 'lower' | 'higher' | 'no difference' {
  const known = intervals.filter((interval) => interval !== undefined)
  if (known.length === 0 || known.some(includesOne)) return 'no difference'
  return ratio < 1 ? 'lower' : 'higher'
}

/** Where each value stands in sorted order. */
function places(values: readonly number[]): Uint32Array {
  const order = Uint32Array.from(values, (_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const place = new Uint32Array(values.length)
  order.forEach((original, rank) => (place[original] = rank))
  return place
}

function redraw(sorted: Float64Array, random: Random): Statistics {
  const counts = new Uint32Array(sorted.length)
  for (let i = 0; i < sorted.length; i++) counts[Math.floor(random() * sorted.length)]!++
  return sortedStatistics(sorted, counts)
}

function divide(arm: Statistics, base: Statistics): Statistics {
  return {
    mean: arm.mean / base.mean,
    p50: arm.p50 / base.p50,
    p90: arm.p90 / base.p90,
    p95: arm.p95 / base.p95,
    p99: arm.p99 / base.p99,
  }
}
