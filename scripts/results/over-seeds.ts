import { bootstrapMean } from '../../src/stats/bootstrap.ts'
import type { Interval } from '../../src/stats/interval.ts'
import { percentileInterval, RESAMPLES } from '../../src/stats/interval.ts'
import { createRandom } from '../../src/workload/random.ts'

/** Seed of the resampling. */
const DRAWS = 11

/** A figure's mean over seeds with its 95 % interval. */
export interface OverSeeds extends Interval {
  readonly mean: number
}

/** The mean over seeds. */
export function overSeeds(values: readonly number[]): OverSeeds {
  const mean = meanOf(values)
  return { mean, ...(bootstrapMean(values, createRandom(DRAWS)) ?? { low: mean, high: mean }) }
}

/** Ratio of two means over the same seeds; the interval draws seeds, so that both sides see the same ones. */
export function ratioOverSeeds(values: readonly number[], base: readonly number[]): OverSeeds {
  const random = createRandom(DRAWS)
  const ratios = Float64Array.from({ length: RESAMPLES }, () => {
    let above = 0
    let below = 0
    for (let i = 0; i < values.length; i++) {
      const drawn = Math.floor(random() * values.length)
      above += values[drawn] ?? Number.NaN
      below += base[drawn] ?? Number.NaN
    }
    return above / below
  })
  return { mean: meanOf(values) / meanOf(base), ...percentileInterval(ratios) }
}

/** Difference of two means over the same seeds, drawn in the same way. */
export function differenceOverSeeds(values: readonly number[], base: readonly number[]): OverSeeds {
  return overSeeds(values.map((value, i) => value - (base[i] ?? Number.NaN)))
}

/** `812 [795, 830]`, multiplied by `scale`. */
export function shown({ mean, low, high }: OverSeeds, digits = 0, scale = 1): string {
  const text = (value: number) => (scale * value).toFixed(digits)
  return low === high ? text(mean) : `${text(mean)} [${text(low)}, ${text(high)}]`
}

/** A share as per cent, such as `77.1 [76.0, 78.2]`. */
export function shownShare(share: OverSeeds): string {
  return shown(share, 1, 100)
}

/** How a target came out, as a line of a page. */
export function verdict(passed: boolean, text: string): string {
  return `- **${passed ? 'pass' : 'FAIL'}** ${text}`
}

/** Whether a ratio of times says "not worse": the interval does not lie above 1 altogether. */
export function notWorse({ low }: OverSeeds): boolean {
  return low <= 1
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
