import { arrivalsOf } from './arrivals.ts'
import { idleTtft, ttftLowerBound } from './bounds.ts'
import { pooledReuse } from './pooled-reuse.ts'
import { prepareWorkload } from './prepared-workload.ts'
import type { BoundsSummary } from './report/simulation-schema.ts'
import type { Scenario, SimulatedEndpoint } from './scenario.ts'

/**
 * What no policy can beat in a scenario; null where requests wait for answers, so that their times depend on the policy, or
 * where endpoints differ.
 */
export function cellBounds({ workload, endpoints, warmUp }: Scenario): BoundsSummary | null {
  const [endpoint] = endpoints
  if (endpoint === undefined || !areEqual(endpoints) || !isTimed(workload)) return null
  const { profile, hostTokens } = endpoint
  const bound = ttftLowerBound({ workload, profile, endpoints: endpoints.length, warmUp })
  const pooled = endpoints.length * (profile.kvTokens + hostTokens)
  const { requests } = prepareWorkload(workload)
  const { order } = arrivalsOf(prepareWorkload(workload))
  const measured = order.slice(Math.ceil(warmUp * order.length))
  const floor = (cached: (request: number) => number) => {
    let [promptTokens, cachedTokens, seconds] = [0, 0, 0]
    for (const request of measured) {
      const tokens = requests[request]?.recorded.promptTokens ?? 0
      promptTokens += tokens
      cachedTokens += cached(request)
      seconds += idleTtft(profile, tokens, cached(request))
    }
    return { cachedShare: promptTokens === 0 ? 0 : cachedTokens / promptTokens, ttft: seconds / measured.length }
  }
  const pooledFloor = (tokens: number, retention: 'lru' | 'belady') => {
    const cached = pooledReuse(workload, profile.blockSize, tokens, retention)
    return floor((request) => cached[request] ?? 0)
  }
  return {
    meanTtft: bound.mean,
    work: bound.work,
    queueing: bound.queueing,
    floors: {
      none: floor(() => 0),
      lru: pooledFloor(pooled, 'lru'),
      belady: pooledFloor(pooled, 'belady'),
      endless: pooledFloor(Number.POSITIVE_INFINITY, 'lru'),
    },
  }
}

/** Bounds are for endpoints that are alike and always there. */
function areEqual(endpoints: readonly SimulatedEndpoint[]): boolean {
  const known = endpoints.map((endpoint) => JSON.stringify({ ...endpoint, id: undefined, believed: undefined }))
  const [first] = endpoints
  const isSteady = first?.joinsAt === 0 && first.leavesAt === Infinity && first.outages.length === 0
  return isSteady && new Set(known).size === 1
}

function isTimed({ pacing, sessions }: Scenario['workload']): boolean {
  return pacing === 'open' && sessions.every(({ requests }) => requests.every(({ offset }) => offset !== undefined))
}
