import { OURS, PLAIN } from './arms.ts'
import { seriesOf } from './cell-runs.ts'
import type { CellRuns } from './cell-runs.ts'
import type { FigureName } from './figures.ts'
import { geometricRatio, mean, ratioOf } from './ratios.ts'
import type { Pair, Ratio } from './ratios.ts'

/** How much worse still counts as equal: what the simulator cannot tell apart. */
export const TOLERANCE = 0.03

/** How a policy stands in a cell against the best of the others. */
export interface Standing {
  readonly runs: CellRuns
  /** Label of the policy that is furthest ahead of it, with the seeds that both were run with. */
  readonly best: string
  readonly bestValue: number
  /** The policy over the best, 1 or more where it is not the best itself. */
  readonly ratio: number
}

/** A policy in a cell beside the one that is furthest ahead of it. */
export function standingOf(runs: CellRuns, figure: FigureName, label = OURS): Standing {
  const others = [...runs.arms.keys()].filter((other) => other !== label)
  const ratios = others.map((other) => ({ other, ratio: ratioOf(pairOf(runs, label, other, figure)) }))
  const worst = ratios.reduce((high, one) => (one.ratio > high.ratio ? one : high))
  const { base } = pairOf(runs, label, worst.other, figure)
  return { runs, best: worst.other, bestValue: mean(base), ratio: worst.ratio }
}

/** One arm and another in a cell, with the seeds that both were run with. */
export function pairOf(runs: CellRuns, arm: string, base: string, figure: FigureName): Pair {
  const [one, other] = [seriesOf(runs, arm, figure), seriesOf(runs, base, figure)]
  const seeds = Math.min(one.length, other.length)
  return { arm: one.slice(0, seeds), base: other.slice(0, seeds) }
}

/** A policy over ours, over all cells. */
export function againstOurs(cells: readonly CellRuns[], label: string, figure: FigureName): Ratio {
  return geometricRatio(cells.map((runs) => pairOf(runs, label, OURS, figure)))
}

/** The figures in which our policy may nowhere be worse than round robin. */
export const GUARDED = ['ttftP50', 'ttftP95', 'e2e'] as const satisfies readonly FigureName[]

/** A figure of a cell in which our policy is worse than round robin. */
export interface Defeat {
  readonly runs: CellRuns
  readonly figure: FigureName
  readonly ours: number
  readonly plain: number
  readonly ratio: Ratio
}

/** Where ours is worse than round robin by more than the tolerance. */
export function defeats(cells: readonly CellRuns[]): Defeat[] {
  return cells.flatMap((runs) =>
    GUARDED.flatMap((figure): Defeat[] => {
      const pair = pairOf(runs, OURS, PLAIN, figure)
      if (!(ratioOf(pair) > 1 + TOLERANCE)) return []
      return [{ runs, figure, ours: mean(pair.arm), plain: mean(pair.base), ratio: geometricRatio([pair]) }]
    }),
  )
}

/** Every policy but ours, in the order of the arms. */
export function rivalsOf(cells: readonly CellRuns[]): string[] {
  return [...(cells[0]?.arms.keys() ?? [])].filter((label) => label !== OURS)
}
