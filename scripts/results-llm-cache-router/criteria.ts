import { compareSeeds } from '../../src/stats/compare.ts'
import type { Interval } from '../../src/stats/interval.ts'
import { bootstrapMean } from '../../src/stats/bootstrap.ts'
import { createRandom } from '../../src/workload/random.ts'
import type { ArmRuns, FigureName } from './runs.ts'

/** Something that was to be shown, and what was found. */
export interface Criterion {
  readonly name: string
  readonly found: string
  readonly passed: boolean
}

/** A ratio or a difference may be off by this share before it counts. */
export const TOLERANCE = 0.01
const DRAWS = 21

/** The ratio of one arm's figure to another's on the same traces: its mean over seeds, and the interval of that mean. */
export interface PairedRatio extends Interval {
  readonly mean: number
}

/** Divides seed by seed. */
export function pairedRatio(base: ArmRuns, arm: ArmRuns, name: FigureName): PairedRatio {
  const ratios = arm.figures[name].map((value, seed) => value / (base.figures[name][seed] ?? Number.NaN))
  const interval = compareSeeds(base.figures[name], arm.figures[name], createRandom(DRAWS))
  return { mean: meanOf(ratios), low: interval?.low ?? Number.NaN, high: interval?.high ?? Number.NaN }
}

/** A time (`lower`) or a rate or share that is not worse: the interval of the ratio reaches what the tolerance allows. */
export function noWorse(
  name: string,
  base: ArmRuns,
  arm: ArmRuns,
  figure: FigureName,
  better: 'lower' | 'higher',
  tolerance = TOLERANCE,
): Criterion {
  const ratio = pairedRatio(base, arm, figure)
  const passed = better === 'lower' ? ratio.low <= 1 + tolerance : ratio.high >= 1 - tolerance
  return { name, found: shownRatio(ratio), passed }
}

/** A time that is lower: the whole interval of the ratio lies below 1. */
export function lower(name: string, base: ArmRuns, arm: ArmRuns, figure: FigureName): Criterion {
  const ratio = pairedRatio(base, arm, figure)
  return { name, found: shownRatio(ratio), passed: ratio.high < 1 }
}

/** What a figure grows by from one cell to another, seed by seed. */
export function growth(from: ArmRuns, to: ArmRuns, figure: FigureName): number[] {
  return to.figures[figure].map((value, seed) => value - (from.figures[figure][seed] ?? Number.NaN))
}

/** The mean of differences with its interval. */
export function meanInterval(values: readonly number[]): PairedRatio {
  const interval = bootstrapMean(values, createRandom(DRAWS))
  return { mean: meanOf(values), low: interval?.low ?? Number.NaN, high: interval?.high ?? Number.NaN }
}

/** What an arm is measured by against others at once: p50, p95 and requests per second. */
const FRONT: readonly (readonly [FigureName, 'lower' | 'higher'])[] = [
  ['e2eP50', 'lower'],
  ['e2eP95', 'lower'],
  ['rate', 'higher'],
]

/**
 * True when an arm is behind another: nowhere better by more than the tolerance, and somewhere worse by more than that with
 * an interval that excludes equality.
 */
export function dominated(arm: ArmRuns, by: ArmRuns): boolean {
  const losses = FRONT.map(([figure, better]) => {
    const { mean, low, high } = pairedRatio(by, arm, figure)
    return better === 'lower' ? { mean, sure: low > 1 } : { mean: 2 - mean, sure: high < 1 }
  })
  return (
    losses.every(({ mean }) => mean >= 1 - TOLERANCE) && losses.some(({ mean, sure }) => sure && mean > 1 + TOLERANCE)
  )
}

export function shownRatio({ mean, low, high }: PairedRatio): string {
  return `${mean.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
