import { InputError } from '../report/input-error.ts'
import { planWorkload } from '../workload/plan-workload.ts'
import type { LoadPlan } from '../workload/plan-workload.ts'
import { hashText } from '../workload/random.ts'
import { TraceError } from '../workload/trace-error.ts'
import type { BenchSettings } from './settings.ts'

/**
 * Loads or generates what is to be sent.
 * @throws InputError for a trace that cannot be read, or when no request is left
 */
export function planLoad(settings: BenchSettings): Promise<LoadPlan> {
  return planWorkload(settings).catch((error: unknown) => {
    throw error instanceof TraceError ? new InputError(`trace: ${error.message}`) : error
  })
}

/** The salt of a seed's texts: its own, so that it meets no cache that another seed filled, unless texts are shared. */
export function textSalt(settings: BenchSettings, seed: number): number {
  return hashText(settings.sharedText ? `text ${settings.salt}` : `text ${settings.salt} ${seed}`)
}
