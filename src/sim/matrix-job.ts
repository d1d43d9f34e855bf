import { InputError } from '../report/input-error.ts'
import type { Slo } from '../stats/slo.ts'
import type { Arm } from './arms.ts'
import { cellBounds } from './matrix-bounds.ts'
import { checkCapacity } from './matrix-check.ts'
import type { Cell } from './matrix-cells.ts'
import { toColumns } from './matrix-columns.ts'
import type { RunColumns } from './matrix-columns.ts'
import { endpointsOf } from './matrix-fleet.ts'
import type { Fleet } from './matrix-fleet.ts'
import type { LoadShape } from './matrix-settings.ts'
import type { Workloads } from './matrix-workload.ts'
import type { BoundsSummary } from './report/simulation-schema.ts'
import { runSimulation } from './run-simulation.ts'
import type { Scenario } from './scenario.ts'
import { summarizeArm } from './summarize-simulation.ts'
import type { ArmFigures } from './summarize-simulation.ts'

/** What every job of a matrix has in common. */
export interface JobContext {
  readonly load: LoadShape
  readonly fleet: Fleet | undefined
}

/** A piece of work for a worker thread. */
export type MatrixJob =
  | { readonly kind: 'run'; readonly cell: Cell; readonly arm: Arm; readonly seed: number }
  | { readonly kind: 'bounds'; readonly cell: Cell; readonly seed: number }
  | {
      readonly kind: 'summarize'
      readonly runs: readonly RunColumns[]
      readonly slos: readonly Slo[]
      readonly draws: number
    }

/** What comes out of it. */
export type MatrixResult =
  | { readonly kind: 'run'; readonly run: RunColumns }
  | { readonly kind: 'bounds'; readonly bounds: BoundsSummary | null }
  | { readonly kind: 'summarize'; readonly figures: ArmFigures }

/** Bounds hold for every policy. */
const NO_ARM: Arm = { label: '', policy: { type: 'round-robin' } }

/** Does a piece of work. @throws InputError when the cell cannot run the workload */
export function executeJob(job: MatrixJob, context: JobContext, workloads: Workloads): MatrixResult {
  switch (job.kind) {
    case 'run': {
      const scenario = scenarioOf(job.cell, job.arm, job.seed, context, workloads)
      checkCapacity(scenario.workload, scenario.endpoints)
      return { kind: 'run', run: toColumns(refusing(() => runSimulation(scenario))) }
    }
    case 'bounds':
      return { kind: 'bounds', bounds: cellBounds(scenarioOf(job.cell, NO_ARM, job.seed, context, workloads)) }
    case 'summarize':
      return { kind: 'summarize', figures: summarizeArm(job.runs, job.slos, job.draws) }
  }
}

/** What a simulation says of a scenario that makes no sense, and of a fleet that is gone before the last request. */
const USERS_FAULT = /^scenario: |no endpoint will join or recover any more/

/** Such scenarios are the user's to mend. */
function refusing<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof Error && USERS_FAULT.test(error.message) ? new InputError(error.message) : error
  }
}

/** Everything that one simulation depends on. All arms of a cell share workload, jitter and tie seeds. */
export function scenarioOf(
  cell: Cell,
  arm: Arm,
  seed: number,
  { load, fleet }: JobContext,
  workloads: Workloads,
): Scenario {
  return {
    workload: workloads.workload(cell.speed, seed),
    endpoints: endpointsOf(cell, fleet),
    policy: arm.policy,
    view: cell.view,
    routers: cell.routers,
    seed,
    warmUp: load.warmUp,
    ...(load.concurrency === undefined ? {} : { concurrency: load.concurrency }),
  }
}
