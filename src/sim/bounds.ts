import type { EngineProfile } from '../engine/profile.ts'
import { stepSeconds } from '../engine/step-time.ts'
import type { Workload } from '../workload/workload.ts'
import { arrivalsOf } from './arrivals.ts'
import { endlessReuse, pooledReuse, type Retention } from './pooled-reuse.ts'
import { prepareWorkload } from './prepared-workload.ts'
import { TimeQueue } from './time-queue.ts'

/** What a bound is computed for: equal endpoints, and a workload whose requests come at recorded times. */
export interface BoundScenario {
  readonly workload: Workload
  readonly profile: EngineProfile
  readonly endpoints: number
  /** Share of the requests, first ones first, that only fill caches. */
  readonly warmUp: number
}

/** Two lower bounds on the mean TTFT in seconds; no router, cache or order of requests can do better than either. */
export interface TtftBound {
  /** The mean work of a request alone: no queue, no batch, a cache that forgets nothing. */
  readonly work: number
  /** The mean time in a system in which a machine as fast as all endpoints together may switch at any moment. */
  readonly queueing: number
  /** The larger of the two. */
  readonly mean: number
}

/**
 * A rigorous lower bound on the mean TTFT. A request needs at least p_j seconds on one endpoint: the prefill of what not
 * even an endless cache would hold, base and host time of steps left out because requests may share steps. For N
 * endpoints the mean flow is at least
 *
 *     max( mean p_j , mean of M_j + p_j / 2 - r_j )
 *
 * where r_j is the arrival and M_j the mean busy time of request j when one machine, N times as fast, always works on the
 * shortest of the requests that are there (by p_j, not by what is left of it): the mean-busy-time relaxation of Goemans,
 * as Schulz and Skutella use it for parallel machines. Takes n log n steps.
 */
export function ttftLowerBound({ workload, profile, endpoints, warmUp }: BoundScenario): TtftBound {
  const { order, times } = arrivalsOf(prepareWorkload(workload))
  const cached = endlessReuse(workload, profile.blockSize)
  const work = Float64Array.from(prepareWorkload(workload).requests, ({ recorded }, number) =>
    leastSeconds(profile, recorded.promptTokens, cached[number]!),
  )
  const measured = order.slice(Math.ceil(warmUp * order.length))
  const busy = meanBusyTimes(measured, times, work, endpoints)
  const alone = mean(measured, (request) => work[request]!)
  const queueing = mean(measured, (request) => busy[request]! + work[request]! / 2 - times[request]!)
  return { work: alone, queueing, mean: Math.max(alone, queueing) }
}

/**
 * TTFT in seconds of every measured request, in order of arrival, on an engine that has nothing else to do and finds
 * what a pooled cache of `capacityTokens` would hold. With `lru` the mean is what engines with that much cache in all are
 * about to reach without any queue; with `Infinity` it is what reuse can give at most.
 */
export function idleTtfts(
  { workload, profile, warmUp }: Omit<BoundScenario, 'endpoints'>,
  capacityTokens: number,
  retention: Retention,
): Float64Array {
  const prepared = prepareWorkload(workload)
  const { order } = arrivalsOf(prepared)
  const cached = pooledReuse(workload, profile.blockSize, capacityTokens, retention)
  const measured = order.slice(Math.ceil(warmUp * order.length))
  return Float64Array.from(measured, (request) =>
    idleTtft(profile, prepared.requests[request]!.recorded.promptTokens, cached[request]!),
  )
}

/** Seconds to the first token on an idle engine: one step per chunk. */
export function idleTtft(profile: EngineProfile, promptTokens: number, cachedTokens: number): number {
  let seconds = 0
  let context = Math.min(cachedTokens, promptTokens - 1)
  while (context < promptTokens) {
    const chunk = Math.min(profile.maxBatchedTokens, promptTokens - context)
    seconds += stepSeconds(profile, chunk, chunk * (context + chunk / 2), 0, 0)
    context += chunk
  }
  return seconds
}

function leastSeconds({ rates }: EngineProfile, promptTokens: number, cachedTokens: number): number {
  const tokens = promptTokens - cachedTokens
  return rates.prefillPerToken * tokens + rates.prefillPerPair * tokens * (cachedTokens + tokens / 2)
}

/** The mean busy time of each request when a machine `speed` times as fast works on the shortest that is there. */
function meanBusyTimes(
  order: readonly number[],
  arrivals: Float64Array,
  work: Float64Array,
  speed: number,
): Float64Array {
  const busy = new Float64Array(work.length)
  const left = Float64Array.from(work, (seconds) => seconds / speed)
  const waiting = new TimeQueue()
  let now = 0
  for (let next = 0; next < order.length || waiting.size > 0;) {
    if (waiting.size === 0) now = Math.max(now, arrivals[order[next]!]!)
    while (next < order.length && arrivals[order[next]!]! <= now) {
      waiting.add(work[order[next]!]!, 0, order[next]!)
      next++
    }
    const until = next < order.length ? arrivals[order[next]!]! : Number.POSITIVE_INFINITY
    const shortest = waiting.firstAt
    waiting.take()
    const request = waiting.subject
    const end = Math.min(until, now + left[request]!)
    busy[request]! += ((end - now) * (end + now)) / 2 / (work[request]! / speed)
    left[request]! -= end - now
    if (end === until && left[request]! > 0) waiting.add(shortest, 0, request)
    now = end
  }
  return busy
}

function mean(requests: readonly number[], value: (request: number) => number): number {
  return requests.reduce((sum, request) => sum + value(request), 0) / requests.length
}
