import type { Arm } from '../../src/sim/arms.ts'
import { OURS } from './arms.ts'
import type { FigureName, Figures } from './figures.ts'
import type { RunCache } from './run-cache.ts'
import { runAll } from './run-all.ts'
import type { Cell, RunSpec } from './run-spec.ts'

/** What every policy made of one cell. */
export interface CellRuns {
  readonly cell: Cell
  /** By label of the arm, one per seed, of the first seed alone for those out of the race. */
  readonly arms: ReadonlyMap<string, readonly Figures[]>
}

/**
 * A policy whose mean TTFT is above the first and whose mean E2E is above the second multiple of the cell's best, with the first
 * seed, is out of the race there: it is not run with the other seeds.
 */
export const OUT_OF_RACE = { ttft: 1.3, e2e: 1.05 } as const

/** Runs every arm in every cell with so many seeds from the first on, or takes what is known. */
export async function runCells(
  cells: readonly Cell[],
  arms: readonly Arm[],
  seeds: number,
  cache: RunCache,
  firstSeed = 1,
): Promise<CellRuns[]> {
  const first = cells.flatMap((cell) => arms.map((arm): RunSpec => ({ cell, arm, seed: firstSeed })))
  await runAll(first, cache)
  const racing = cells.map((cell) => stillRacing(cell, arms, firstSeed, cache))
  const others = Array.from({ length: seeds - 1 }, (_, index) => firstSeed + 1 + index)
  const rest = cells.flatMap((cell, place) =>
    others.flatMap((seed) => [...(racing[place] ?? [])].map((arm): RunSpec => ({ cell, arm, seed }))),
  )
  await runAll(rest, cache)
  return cells.map((cell, place) => {
    const seedsOf = (arm: Arm) => (racing[place]?.has(arm) === true ? [firstSeed, ...others] : [firstSeed])
    const runs = (arm: Arm) => seedsOf(arm).map((seed) => known(cache, { cell, arm, seed }))
    return { cell, arms: new Map(arms.map((arm) => [arm.label, runs(arm)] as const)) }
  })
}

function stillRacing(cell: Cell, arms: readonly Arm[], seed: number, cache: RunCache): Set<Arm> {
  const runs = arms.map((arm) => ({ arm, figures: known(cache, { cell, arm, seed }) }))
  const best = (figure: 'ttft' | 'e2e') => Math.min(...runs.map(({ figures }) => figures[figure]))
  const limits = { ttft: OUT_OF_RACE.ttft * best('ttft'), e2e: OUT_OF_RACE.e2e * best('e2e') }
  const close = runs.filter(
    ({ arm, figures }) => arm.label === OURS || figures.ttft <= limits.ttft || figures.e2e <= limits.e2e,
  )
  return new Set(close.map(({ arm }) => arm))
}

function known(cache: RunCache, spec: RunSpec): Figures {
  const figures = cache.find(spec)
  if (figures === undefined) throw new Error(`expected the run of ${spec.arm.label} in ${spec.cell.load.name}`)
  return figures
}

/** The figures of an arm in a cell, one per seed. */
export function seriesOf({ arms, cell }: CellRuns, label: string, figure: FigureName): number[] {
  const figures = arms.get(label)
  if (figures === undefined) throw new Error(`expected runs of ${label} in ${cell.load.name}, found none`)
  return figures.map((one) => one[figure])
}
