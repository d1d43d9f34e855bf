import { PromptKeys } from '../prefix/prompt-keys.ts'
import type { Decision, Refusal } from './decision.ts'
import type { EndpointState } from './endpoint-state.ts'
import { Lease } from './lease.ts'
import type { Pool, PolicyWatcher } from './pool.ts'
import type { PrefixIndex } from './prefix-index.ts'
import { Ranking } from './ranking.ts'
import { prefillSeconds } from './rates.ts'
import type { SchedulingRequest } from './request.ts'

/** Costs closer than this share of each other are equal. */
const TIE = 1e-9
const NO_TERMS: readonly string[] = []

export interface SchedulerServices extends PolicyWatcher {
  readonly index: PrefixIndex
  /** Monotonic clock in seconds. */
  clock(): number
  /** Uniform number in [0, 1). */
  random(): number
}

export interface Choice {
  readonly decision: Decision
  readonly lease: Lease
}

/**
 * Chooses an endpoint for each request and books its load in the same step. Knows no shell: the clock, the source of
 * chance and the index are handed in.
 */
export class Scheduler {
  readonly #services: SchedulerServices
  readonly #ranking = new Ranking()
  #matched = new Uint32Array(64)
  /** Tokens in one unit of `#matched`. */
  #matchUnit = 1

  constructor(services: SchedulerServices) {
    this.#services = services
  }

  /** Chooses, books and returns the lease, or says why nothing can be chosen. `excluded` endpoints are left out. */
  choose(pool: Pool, request: SchedulingRequest, excluded?: ReadonlySet<EndpointState>): Choice | Refusal {
    const candidates = eligibleFor(pool, excluded)
    if (candidates.length === 0) return refusalOf(pool)
    const now = this.#services.clock()
    const decision = this.#decide(pool, request, candidates, now)
    const endpoint = candidates[decision.chosen]!
    pool.turn = (decision.chosen + 1) % candidates.length
    return { decision, lease: this.#book(pool, request, endpoint, now) }
  }

  /** The decision that would be taken, without sending or booking anything. */
  explain(pool: Pool, request: SchedulingRequest): Decision | Refusal {
    const candidates = eligibleFor(pool)
    if (candidates.length === 0) return refusalOf(pool)
    return this.#decide(pool, request, candidates, this.#services.clock())
  }

  #decide(pool: Pool, request: SchedulingRequest, candidates: readonly EndpointState[], now: number): Decision {
    this.#refresh(pool, request, candidates, now)
    const { plugin, policy } = pool.policy
    const terms = policy.terms ?? plugin.terms ?? NO_TERMS
    this.#rank(pool, request, candidates, terms.length, now)
    const chosen = this.#pick(pool, candidates)
    return {
      requestId: request.id,
      model: pool.model,
      policy: plugin,
      reason: this.#ranking.reason,
      endpoint: candidates[chosen]!.id,
      promptTokens: request.promptTokens,
      matchedTokens: candidates[chosen]!.signals.matchedTokens,
      at: now,
      chosen,
      candidates,
      terms,
      values: this.#values(candidates, terms.length),
    }
  }

  /** Brings the signals of all candidates up to date for this request. */
  #refresh(pool: Pool, request: SchedulingRequest, candidates: readonly EndpointState[], now: number): void {
    const matched = this.#match(request, candidates)
    const { adapter } = pool
    for (let i = 0; i < candidates.length; i++) {
      const endpoint = candidates[i]!
      endpoint.refresh(now)
      endpoint.signals.adapterState = adapter === undefined ? undefined : endpoint.adapters.stateOf(adapter)
      endpoint.signals.matchedTokens = Math.min(request.promptTokens, matched[endpoint.slot]! * this.#matchUnit)
    }
  }

  #match(request: SchedulingRequest, candidates: readonly EndpointState[]): Uint32Array {
    let slots = this.#matched.length
    for (let i = 0; i < candidates.length; i++) slots = Math.max(slots, candidates[i]!.slot + 1)
    if (slots > this.#matched.length) this.#matched = new Uint32Array(2 * slots)
    const { index } = this.#services
    const { blocks } = request
    if (index.matchTokens !== undefined && blocks instanceof PromptKeys) {
      this.#matchUnit = 1
      index.matchTokens(blocks, this.#matched)
    } else {
      this.#matchUnit = request.tokensPerBlock
      index.match(blocks, this.#matched)
    }
    return this.#matched
  }

  /** Whole blocks over bytes; a match in tokens is rounded down from a product of them, where it comes from one. */
  #matchedBlocks({ tokensPerBlock }: SchedulingRequest, { slot }: EndpointState): number {
    const matched = this.#matched[slot]!
    return this.#matchUnit === tokensPerBlock ? matched : Math.floor((matched + 1) / tokensPerBlock)
  }

  #rank(
    pool: Pool,
    request: SchedulingRequest,
    candidates: readonly EndpointState[],
    termCount: number,
    now: number,
  ): void {
    const { plugin, policy } = pool.policy
    this.#ranking.begin(candidates.length, termCount, plugin.reasons[0])
    try {
      policy.rank(request, candidates, this.#ranking, now)
    } catch (error) {
      this.#services.onPolicyError?.(plugin.type, error)
      this.#ranking.begin(candidates.length, termCount, 'policy-error')
    }
  }

  /** Index of the lowest cost; equal costs are separated by the policy's tie rule. */
  #pick(pool: Pool, candidates: readonly EndpointState[]): number {
    const { cost } = this.#ranking
    const byChance = pool.policy.plugin.ties === 'random'
    const count = candidates.length
    let best = pool.turn % count
    let ties = 1
    for (let step = 1; step < count; step++) {
      const i = (pool.turn + step) % count
      const order = compareCosts(cost[i]!, cost[best]!)
      if (order < 0) {
        best = i
        ties = 1
      } else if (order === 0) {
        ties += 1
        if (byChance ? this.#services.random() * ties < 1 : lessLoaded(candidates[i]!, candidates[best]!)) best = i
      }
    }
    return best
  }

  #values(candidates: readonly EndpointState[], termCount: number): number[] {
    const count = candidates.length
    const { cost, terms } = this.#ranking
    // Allocated once: growing it would copy it a dozen times where there are hundreds of candidates.
    const values: number[] = Array(count * (2 + termCount))
    for (let i = 0; i < count; i++) values[i] = cost[i]!
    for (let i = 0; i < count; i++) values[count + i] = candidates[i]!.signals.matchedTokens
    for (let k = 0; k < count * termCount; k++) values[2 * count + k] = terms[k]!
    return values
  }

  #book(pool: Pool, request: SchedulingRequest, endpoint: EndpointState, now: number): Lease {
    const { index } = this.#services
    const matched = endpoint.signals.matchedTokens
    const tokens = Math.max(0, request.promptTokens - matched)
    const seconds = prefillSeconds(endpoint.rates, tokens, matched)
    const aheadSeconds = endpoint.prefill.seconds
    const prefill = endpoint.prefill.push({ tokens, seconds, observed: request.streamed }, now)
    const matchedBlocks = this.#matchedBlocks(request, endpoint)
    const booking = index.book(endpoint.slot, request.blocks)
    endpoint.lastBookedAt = now
    const watcher = this.#services
    const lease = new Lease({
      endpoint,
      pool,
      request,
      index,
      booking,
      prefill,
      matchedBlocks,
      at: now,
      aheadSeconds,
      watcher,
    })
    if (endpoint.signals.inFlight === 1) endpoint.onBusy?.()
    this.#tell(pool, request, endpoint, now)
    return lease
  }

  /** Tells the policy what was booked; the lease is there whatever it makes of that. */
  #tell({ policy: { plugin, policy } }: Pool, request: SchedulingRequest, endpoint: EndpointState, now: number): void {
    try {
      policy.booked?.(request, endpoint, now)
    } catch (error) {
      this.#services.onPolicyError?.(plugin.type, error)
    }
  }
}

/** Negative when `a` is lower, 0 when both count as equal. Whatever is no number is higher than any number. */
function compareCosts(a: number, b: number): number {
  if (a === b) return 0
  if (!Number.isFinite(b)) return Number.isFinite(a) ? -1 : 0
  if (!Number.isFinite(a)) return 1
  const difference = a - b
  return Math.abs(difference) <= TIE * Math.abs(b) ? 0 : difference
}

function lessLoaded(a: EndpointState, b: EndpointState): boolean {
  return a.signals.inFlight < b.signals.inFlight
}

function eligibleFor(pool: Pool, excluded?: ReadonlySet<EndpointState>): readonly EndpointState[] {
  const { eligible } = pool
  let limited = excluded !== undefined && excluded.size > 0
  for (let i = 0; i < eligible.length && !limited; i++) limited = atLimit(eligible[i]!)
  if (!limited) return eligible
  return eligible.filter((endpoint) => !atLimit(endpoint) && excluded?.has(endpoint) !== true)
}

function atLimit(endpoint: EndpointState): boolean {
  return endpoint.signals.inFlight >= endpoint.maxConcurrency
}

function refusalOf(pool: Pool): Refusal {
  const total = pool.endpoints.length
  if (pool.eligible.length === 0) {
    return {
      code: 'no_ready_endpoint',
      message: `none of the ${total} endpoints of model '${pool.model}' is ready`,
      retryAfterSeconds: 5,
    }
  }
  return {
    code: 'overloaded',
    message: `all ${pool.eligible.length} ready endpoints of model '${pool.model}' are at their concurrency limit or failed this request`,
    retryAfterSeconds: 1,
  }
}
