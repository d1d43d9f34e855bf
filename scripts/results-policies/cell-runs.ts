import type { Arm } from '../../src/sim/arms.ts'
import type { FigureName, Figures } from './figures.ts'
import type { RunCache } from './run-cache.ts'
import { runAll } from './run-all.ts'
import type { Cell, RunSpec } from './run-spec.ts'

/** What every policy made of one cell. */
export interface CellRuns {
  readonly cell: Cell
  /** By label of the arm, one per seed. */
  readonly arms: ReadonlyMap<string, readonly Figures[]>
}

/** Runs every arm in every cell with so many seeds from the first on, or takes what is known. */
export async function runCells(
  cells: readonly Cell[],
  arms: readonly Arm[],
  seeds: number,
  cache: RunCache,
  firstSeed = 1,
): Promise<CellRuns[]> {
  const seedList = Array.from({ length: seeds }, (_, index) => firstSeed + index)
  const specs = cells.flatMap((cell) => seedList.flatMap((seed) => arms.map((arm): RunSpec => ({ cell, arm, seed }))))
  await runAll(specs, cache)
  return cells.map((cell) => ({
    cell,
    arms: new Map(arms.map((arm) => [arm.label, seedList.map((seed) => known(cache, { cell, arm, seed }))] as const)),
  }))
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
