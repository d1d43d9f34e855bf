import { idealReuse } from '../workload/ideal-reuse.ts'
import { countRequests } from '../workload/workload.ts'
import type { Workload } from '../workload/workload.ts'
import type { LoadShape } from './matrix-settings.ts'
import type { Workloads } from './matrix-workload.ts'
import type { SimulationReport } from './report/simulation-schema.ts'

/** What reports say about a workload. `first` is that of the first seed. */
export function describeWorkload(
  first: Workload,
  { plan, pacing }: Workloads,
  load: LoadShape,
): SimulationReport['workload'] {
  const reuse = idealReuse(first)
  let outputTokens = 0
  for (const session of first.sessions) for (const request of session.requests) outputTokens += request.outputTokens
  return {
    name: first.name,
    source: plan.source,
    pacing,
    concurrency: pacing === 'closed' ? (load.concurrency ?? null) : null,
    thinkScale: load.thinkScale,
    jitter: plan.jitter,
    warmUp: load.warmUp,
    knobs: { ...plan.knobs },
    sessions: first.sessions.length,
    requests: countRequests(first),
    promptTokens: reuse.promptTokens,
    outputTokens,
    idealCachedShare: reuse.share,
    notes: [...first.notes],
  }
}
