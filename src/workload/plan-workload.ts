import { generateWorkload } from './generate-workload.ts'
import { knobDefaults } from './generator-knobs.ts'
import type { GeneratorKnobs, WorkloadKind } from './generator-knobs.ts'
import { loadTrace } from './load-trace.ts'
import { createRandom } from './random.ts'
import { capOutputs, dropLongPrompts, jitterStarts, takeRequests, takeSessions } from './reshape.ts'
import { TraceError } from './trace-error.ts'
import type { Workload } from './workload.ts'

/** Where requests come from. */
export type LoadSource =
  | {
      readonly kind: 'trace'
      readonly path: string
      readonly blockTokens: number | undefined
      /** Keeps the requests for this model, where a trace names models. */
      readonly model?: string | undefined
    }
  | { readonly kind: 'generator'; readonly workload: WorkloadKind; readonly knobs: Partial<GeneratorKnobs> }

/** What is sent: a source, and what is taken of it. */
export interface LoadSelection {
  readonly source: LoadSource
  /** Seconds over which the starts of sessions are spread; undefined: 3 for Mooncake traces, else none. */
  readonly jitter: number | undefined
  readonly maxRequests: number | undefined
  /** Keeps the first sessions of a trace. */
  readonly maxSessions: number | undefined
  readonly maxPrompt: number | undefined
  readonly outputCap: number | undefined
}

/** The workload of every seed, and how it came about. */
export interface LoadPlan {
  readonly source: string
  readonly jitter: number
  readonly knobs: Readonly<Record<string, number>>
  workload(seed: number): Workload
}

const MOONCAKE_GRID_SECONDS = 3

/**
 * Loads or generates what is to be sent.
 * @throws TraceError for a trace that cannot be read, or when no request is left
 */
export async function planWorkload(selection: LoadSelection): Promise<LoadPlan> {
  const { source } = selection
  if (source.kind === 'generator') {
    const knobs = { ...knobDefaults[source.workload], ...source.knobs }
    const jitter = selection.jitter ?? 0
    return {
      source: `generator ${source.workload}`,
      jitter,
      knobs,
      workload: (seed) => select(generateWorkload(source.workload, knobs, seed), selection, jitter, seed),
    }
  }
  const { blockTokens, model } = source
  const options = { ...(blockTokens === undefined ? {} : { blockTokens }), ...(model === undefined ? {} : { model }) }
  const trace = await loadTrace(source.path, options)
  const jitter = selection.jitter ?? (trace.name === 'mooncake' ? MOONCAKE_GRID_SECONDS : 0)
  return {
    source: source.path,
    jitter,
    knobs: {},
    workload: (seed) => select(trace, selection, jitter, seed),
  }
}

function select(workload: Workload, selection: LoadSelection, jitter: number, seed: number): Workload {
  let taken = workload
  if (selection.maxSessions !== undefined) taken = takeSessions(taken, selection.maxSessions)
  if (selection.maxPrompt !== undefined) taken = dropLongPrompts(taken, selection.maxPrompt)
  if (selection.maxRequests !== undefined) taken = takeRequests(taken, selection.maxRequests)
  if (selection.outputCap !== undefined) taken = capOutputs(taken, selection.outputCap)
  if (taken.sessions.length === 0) {
    throw new TraceError(workload.name, undefined, 'expected at least one request, found none left')
  }
  return jitterStarts(taken, jitter, createRandom(seed))
}
