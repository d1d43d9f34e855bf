import type { Interval } from '../../src/stats/interval.ts'
import { percentileInterval, RESAMPLES } from '../../src/stats/interval.ts'
import { createRandom } from '../../src/workload/random.ts'

/** A ratio with its 95 % bootstrap interval over seeds; none with fewer than two seeds. */
export interface Ratio {
  readonly value: number
  readonly interval: Interval | undefined
}

/** Figures of two arms in one cell, one per seed, with the same workload at the same place. */
export interface Pair {
  readonly arm: readonly number[]
  readonly base: readonly number[]
}

const RANDOM_SEED = 1

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The mean of ratios: a ratio and its inverse give 1. What is not positive and finite is left out; NaN for none. */
export function geometricMean(values: readonly number[]): number {
  const known = values.filter((value) => value > 0 && Number.isFinite(value))
  return Math.exp(mean(known.map((value) => Math.log(value))))
}

/** Arm over base, of the means over seeds. */
export function ratioOf({ arm, base }: Pair): number {
  return mean(arm) / mean(base)
}

/**
 * The geometric mean over cells of arm over base. The interval draws seeds with replacement, the same ones in all cells and for both
 * arms: cells with the same load share what a seed has brought about.
 */
export function geometricRatio(pairs: readonly Pair[]): Ratio {
  const value = geometricMean(pairs.map(ratioOf))
  const seeds = Math.min(...pairs.map(({ arm }) => arm.length))
  if (!(seeds >= 2)) return { value, interval: undefined }
  const random = createRandom(RANDOM_SEED)
  const drawn = new Float64Array(RESAMPLES)
  // Few seeds have few different draws.
  const known = new Map<string, number>()
  for (let r = 0; r < RESAMPLES; r++) {
    const places = Array.from({ length: seeds }, () => Math.floor(random() * seeds)).toSorted((a, b) => a - b)
    const key = places.join(' ')
    const found = known.get(key) ?? geometricMean(pairs.map((pair) => ratioOf(takeSeeds(pair, places))))
    known.set(key, found)
    drawn[r] = found
  }
  return { value, interval: percentileInterval(drawn) }
}

function takeSeeds({ arm, base }: Pair, places: readonly number[]): Pair {
  const take = (values: readonly number[]) => places.map((place) => values[place] ?? Number.NaN)
  return { arm: take(arm), base: take(base) }
}

/** Whether the interval leaves open which is larger. */
export function isOpen({ interval }: Ratio): boolean {
  return interval === undefined || (interval.low <= 1 && interval.high >= 1)
}
