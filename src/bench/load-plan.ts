import { knobDefaults } from '../workload/generator-knobs.ts'
import { generateWorkload } from '../workload/generate-workload.ts'
import { loadTrace } from '../workload/load-trace.ts'
import { createRandom, hashText } from '../workload/random.ts'
import { capOutputs, dropLongPrompts, jitterStarts, takeRequests, takeSessions } from '../workload/reshape.ts'
import { TraceError } from '../workload/trace-error.ts'
import type { Workload } from '../workload/workload.ts'
import { BenchInputError } from './bench-input-error.ts'
import type { BenchSettings } from './settings.ts'

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
 * @throws BenchInputError for a trace that cannot be read, or when no request is left
 */
export async function planLoad(settings: BenchSettings): Promise<LoadPlan> {
  const { source } = settings
  if (source.kind === 'generator') {
    const knobs = { ...knobDefaults[source.workload], ...source.knobs }
    const jitter = settings.jitter ?? 0
    return {
      source: `generator ${source.workload}`,
      jitter,
      knobs,
      workload: (seed) => reshape(generateWorkload(source.workload, knobs, seed), settings, jitter, seed),
    }
  }
  const options = source.blockTokens === undefined ? {} : { blockTokens: source.blockTokens }
  const trace = await loadTrace(source.path, options).catch((error: unknown) => {
    throw error instanceof TraceError ? new BenchInputError(`trace: ${error.message}`) : error
  })
  const jitter = settings.jitter ?? (trace.name === 'mooncake' ? MOONCAKE_GRID_SECONDS : 0)
  return {
    source: source.path,
    jitter,
    knobs: {},
    workload: (seed) => reshape(trace, settings, jitter, seed),
  }
}

/** The salt of a seed's texts: its own, so that it meets no cache that another seed filled, unless texts are shared. */
export function textSalt(settings: BenchSettings, seed: number): number {
  return hashText(settings.sharedText ? `text ${settings.salt}` : `text ${settings.salt} ${seed}`)
}

function reshape(workload: Workload, settings: BenchSettings, jitter: number, seed: number): Workload {
  let shaped = workload
  if (settings.maxSessions !== undefined) shaped = takeSessions(shaped, settings.maxSessions)
  if (settings.maxPrompt !== undefined) shaped = dropLongPrompts(shaped, settings.maxPrompt)
  if (settings.maxRequests !== undefined) shaped = takeRequests(shaped, settings.maxRequests)
  if (settings.outputCap !== undefined) shaped = capOutputs(shaped, settings.outputCap)
  if (shaped.sessions.length === 0) {
    throw new BenchInputError(`workload: expected at least one request, found none left of ${workload.name}`)
  }
  return jitterStarts(shaped, jitter, createRandom(seed))
}
