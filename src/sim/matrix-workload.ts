import { InputError } from '../report/input-error.ts'
import { planWorkload } from '../workload/plan-workload.ts'
import type { LoadPlan } from '../workload/plan-workload.ts'
import { scaleTimes } from '../workload/reshape.ts'
import { TraceError } from '../workload/trace-error.ts'
import type { Pacing, Workload } from '../workload/workload.ts'
import type { LoadShape } from './matrix-settings.ts'

/** The workloads of a matrix: the same for every arm. */
export interface Workloads {
  readonly plan: LoadPlan
  readonly pacing: Pacing
  /** The workload at a speed with a seed; the last one is kept. */
  workload(speed: number, seed: number): Workload
}

/**
 * Loads or generates what is to be simulated.
 * @throws InputError for a trace that cannot be read, or when no request is left
 */
export async function createWorkloads(load: LoadShape): Promise<Workloads> {
  const plan = await planWorkload(load.selection).catch(refuseTrace)
  const pacing = pacingOf(plan, load)
  let last: { readonly speed: number; readonly seed: number; readonly workload: Workload } | undefined
  return {
    plan,
    pacing,
    workload(speed, seed) {
      if (last?.speed !== speed || last.seed !== seed) {
        const workload = scaleTimes({ ...plan.workload(seed), pacing }, speed, load.thinkScale)
        last = { speed, seed, workload }
      }
      return last.workload
    },
  }
}

function pacingOf(plan: LoadPlan, load: LoadShape): Pacing {
  const { pacing, concurrency } = load
  if (pacing !== 'closed') {
    if (pacing !== undefined && concurrency !== undefined) {
      throw new InputError(`--concurrency: expected --loop closed or no --loop with it, found --loop ${pacing}`)
    }
    return pacing ?? (concurrency === undefined ? firstOf(plan).pacing : 'closed')
  }
  if (concurrency === undefined) {
    throw new InputError('--loop closed: expected --concurrency with the number of sessions at once, found none')
  }
  return pacing
}

function firstOf(plan: LoadPlan): Workload {
  try {
    return plan.workload(1)
  } catch (error) {
    return refuseTrace(error)
  }
}

function refuseTrace(error: unknown): never {
  throw error instanceof TraceError ? new InputError(`workload: ${error.message}`) : error
}
