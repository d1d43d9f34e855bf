import { describeWorkload } from './describe-workload.ts'
import { cellsOf } from './matrix-cells.ts'
import type { Cell } from './matrix-cells.ts'
import { checkCapacity } from './matrix-check.ts'
import type { RunColumns } from './matrix-columns.ts'
import { arePaired, compareArms } from './matrix-compare.ts'
import { endpointsOf } from './matrix-fleet.ts'
import { createJobRunner } from './matrix-jobs.ts'
import type { JobRunner } from './matrix-jobs.ts'
import type { MatrixSettings } from './matrix-settings.ts'
import { viewLabel } from './matrix-view.ts'
import { createWorkloads } from './matrix-workload.ts'
import type { BoundsSummary, ReportCell, SimulationReport } from './report/simulation-schema.ts'
import { QUANTILE_LEVELS } from './summarize-simulation.ts'
import type { ArmFigures } from './summarize-simulation.ts'

/** How far a matrix is. */
export interface MatrixProgress {
  readonly cells: number
  readonly cellsDone: number
  readonly runs: number
  readonly runsDone: number
}

/** How a matrix is run: nothing here changes its outcome. */
export interface MatrixHooks {
  /** Worker threads. */
  readonly jobs: number
  readonly onProgress?: (progress: MatrixProgress) => void
}

/** Seed of the draws that all arms of a cell share where their requests can be paired. */
const PAIRED_DRAWS = 1

/**
 * Simulates every arm in every cell with every seed, over worker threads. Equal settings give equal reports, byte for
 * byte, however many threads there are.
 * @throws InputError when a cell cannot run the workload
 */
export async function runMatrix(settings: MatrixSettings, hooks: MatrixHooks): Promise<SimulationReport> {
  const workloads = await createWorkloads(settings.load)
  const cells = cellsOf(settings.dimensions, settings.fleet)
  const first = workloads.workload(1, settings.seeds[0] ?? 1)
  for (const cell of cells) checkCapacity(first, endpointsOf(cell, settings.fleet))
  await using runner = createJobRunner(settings, hooks.jobs)
  const track = trackProgress(cells.length, cells.length * settings.arms.length * settings.seeds.length, hooks)
  const bounds = boundsOnce(runner, settings)
  const done = await Promise.all(cells.map((cell) => runCell(cell, settings, runner, bounds, track)))
  return {
    format: 'kvasir-simulation',
    version: 1,
    command: [...settings.command],
    workload: describeWorkload(first, workloads, settings.load),
    fleet: settings.fleet?.name ?? null,
    seeds: [...settings.seeds],
    arms: settings.arms.map(({ label, policy }) => ({ label, policy: { ...policy } })),
    baseline: settings.baseline,
    quantileLevels: [...QUANTILE_LEVELS],
    cells: done,
  }
}

interface Track {
  ran(): void
  cellDone(): void
}

function trackProgress(cells: number, runs: number, { onProgress }: MatrixHooks): Track {
  let runsDone = 0
  let cellsDone = 0
  const report = () => onProgress?.({ cells, cellsDone, runs, runsDone })
  return {
    ran() {
      runsDone++
      report()
    },
    cellDone() {
      cellsDone++
      report()
    },
  }
}

async function runCell(
  cell: Cell,
  settings: MatrixSettings,
  runner: JobRunner,
  bounds: (cell: Cell) => Promise<BoundsSummary | null>,
  track: Track,
): Promise<ReportCell> {
  const { arms, seeds } = settings
  const [floor, bySeed] = await Promise.all([
    bounds(cell),
    Promise.all(
      seeds.map((seed) =>
        Promise.all(
          arms.map(async (arm) => {
            const run = await runner.run(cell, arm, seed)
            track.ran()
            return run
          }),
        ),
      ),
    ),
  ])
  const runs = arms.map((_, index) => bySeed.flatMap((ofSeed) => ofSeed[index] ?? []))
  const summaries = await summarizeCell(runs, settings, runner)
  track.cellDone()
  return { ...describeCell(cell), bounds: floor, arms: summaries }
}

async function summarizeCell(
  runs: readonly (readonly RunColumns[])[],
  { arms, baseline, slos }: MatrixSettings,
  runner: JobRunner,
): Promise<ReportCell['arms']> {
  const baseIndex = arms.findIndex(({ label }) => label === baseline)
  const baseRuns = runs[baseIndex] ?? []
  const paired = runs.map((ofArm) => arePaired(baseRuns, ofArm))
  const figures = await Promise.all(
    runs.map((ofArm, index) => runner.summarize(ofArm, slos, paired[index] === true ? PAIRED_DRAWS : 2 + index)),
  )
  const base = figures[baseIndex]
  const ratios = (arm: ArmFigures, index: number) =>
    base === undefined || index === baseIndex ? null : compareArms(base, arm, paired[index] === true)
  return figures.map((arm, index) => ({ label: arms[index]?.label ?? '', ...arm.summary, ratios: ratios(arm, index) }))
}

/** Bounds do not depend on what a router knows nor on how many there are: cells that differ in that alone share them. */
function boundsOnce(runner: JobRunner, { seeds }: MatrixSettings): (cell: Cell) => Promise<BoundsSummary | null> {
  const known = new Map<string, Promise<BoundsSummary | null>>()
  return (cell) => {
    const key = JSON.stringify({ ...cell, view: undefined, routers: undefined })
    const found = known.get(key) ?? runner.bounds(cell, seeds)
    known.set(key, found)
    return found
  }
}

function describeCell(cell: Cell): Omit<ReportCell, 'bounds' | 'arms'> {
  return { ...cell, view: viewLabel(cell.view) }
}
