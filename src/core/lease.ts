import type { EndpointState } from './endpoint-state.ts'
import type { RequestOutcome } from './outcome.ts'
import type { Pool, PolicyWatcher, PoolPolicy } from './pool.ts'
import type { QueuedPrefill } from './prefill-queue.ts'
import { decodeStepSeconds } from './rates.ts'
import type { BlockBooking, PrefixIndex } from './prefix-index.ts'
import type { SchedulingRequest } from './request.ts'

/** Blocks by which prediction and report may differ without being wrong: engines round down, templates add tokens. */
const CORRECTION_SLACK_BLOCKS = 2

/** Share of the KV cache in flight from which on a first token may have waited for memory and says nothing about speed. */
const MEMORY_BOUND = 0.9

/** What a decision booked. */
export interface LeaseTerms {
  readonly endpoint: EndpointState
  readonly pool: Pool
  readonly request: SchedulingRequest
  readonly index: PrefixIndex
  readonly booking: BlockBooking
  readonly prefill: QueuedPrefill
  /** Leading blocks that were predicted to be held. */
  readonly matchedBlocks: number
  /** When it was sent, in seconds of the scheduler's clock. */
  readonly at: number
  /** Seconds of prefill work ahead of it then, by the endpoint's rates. */
  readonly aheadSeconds: number
  readonly watcher: PolicyWatcher
}

/**
 * The booking of one attempt's load on an endpoint. It is made inside the decision, so that the next request of a burst
 * sees it, and ends exactly once, whichever way the attempt ends.
 */
export class Lease {
  readonly endpoint: EndpointState
  readonly #terms: LeaseTerms
  readonly #policy: PoolPolicy
  readonly #adapter: string | undefined
  readonly #tokens: number
  /** Until the running decode step is over, in which no prefill begins. */
  readonly #stepSeconds: number
  /** Prefill work of plain answers that had left the endpoint's queue. */
  readonly #plainBefore: number
  /** The engine has to load the adapter first: its times say nothing about prefill. */
  readonly #loads: boolean
  #firstTokenAt = Number.NaN
  #prefilledBefore = 0
  #stepAtFirstToken = 0
  #started = false
  #ended = false

  constructor(terms: LeaseTerms) {
    this.endpoint = terms.endpoint
    this.#terms = terms
    this.#policy = terms.pool.policy
    this.#adapter = terms.pool.adapter
    this.#tokens = terms.request.promptTokens + terms.request.outputTokens
    this.#stepSeconds = this.endpoint.stepSeconds() / 2
    this.#plainBefore = this.endpoint.prefill.plainSeconds
    this.endpoint.signals.inFlight += 1
    this.endpoint.signals.inFlightTokens += this.#tokens
    this.#loads = this.#adapter !== undefined && this.endpoint.adapters.stateOf(this.#adapter) !== 'loaded'
    if (this.#adapter !== undefined) this.endpoint.adapters.begin(this.#adapter)
  }

  /** The first content token has come: the prefill is done and its blocks are really there. */
  firstToken(now: number): void {
    if (this.#started || this.#ended) return
    this.#started = true
    const { endpoint } = this
    if (this.#adapter !== undefined) endpoint.adapters.ran(this.#adapter)
    const { prefill, index, booking } = this.#terms
    if (prefill.observed) this.#learnPrefill(now)
    endpoint.signals.decoding += 1
    endpoint.prefilledSeconds += prefill.seconds
    endpoint.prefill.remove(prefill, now)
    this.#firstTokenAt = now
    this.#prefilledBefore = endpoint.prefilledSeconds
    this.#stepAtFirstToken = endpoint.stepSeconds()
    index.confirm(booking)
  }

  /** The attempt is over. Further calls do nothing. */
  end(outcome: RequestOutcome, now: number): void {
    if (this.#ended) return
    this.#ended = true
    const { signals } = this.endpoint
    if (outcome.kind === 'finished') this.#learnSpeed(outcome, now)
    signals.inFlight -= 1
    signals.inFlightTokens -= this.#tokens
    if (signals.inFlight === 0) signals.inFlightTokens = 0
    if (this.#started) signals.decoding -= 1
    this.endpoint.prefill.remove(this.#terms.prefill, now)
    this.#settle(outcome)
    try {
      this.#policy.policy.ended?.(this.#terms.request, this.endpoint, outcome, now)
    } catch (error) {
      this.#terms.watcher.onPolicyError?.(this.#policy.plugin.type, error)
    } finally {
      this.endpoint.leaseEnded()
    }
  }

  /** Takes in how long the first token took, unless it may have waited for memory or for its adapter. */
  #learnPrefill(now: number): void {
    const { speed, signals, kvTokens, prefill: queue } = this.endpoint
    const { prefill, at, aheadSeconds } = this.#terms
    queue.advance(now)
    if (this.#loads || signals.inFlightTokens >= MEMORY_BOUND * kvTokens) {
      speed.passed(now, queue.plainSeconds)
      return
    }
    const own = prefill.seconds + this.#stepSeconds
    speed.firstToken({
      sentAt: at,
      now,
      own,
      predicted: aheadSeconds + own,
      plainBefore: this.#plainBefore,
      plainNow: queue.plainSeconds,
    })
  }

  /** Takes in how long the answer took. */
  #learnSpeed(outcome: RequestOutcome, now: number): void {
    const { endpoint } = this
    const tokens = outcome.outputTokens
    const { at, aheadSeconds, prefill } = this.#terms
    if (prefill.observed && this.#started) {
      endpoint.speed.decoded({
        tokens,
        seconds: now - this.#firstTokenAt,
        stepSeconds: (this.#stepAtFirstToken + endpoint.stepSeconds()) / 2,
        prefillSeconds: endpoint.prefilledSeconds - this.#prefilledBefore,
      })
      return
    }
    // The first byte of a plain answer comes with its last: only the whole time says something, where its tokens are known.
    if (outcome.usage === undefined || this.#loads) return
    const perStep = Math.max(2 * this.#stepSeconds, decodeStepSeconds(endpoint.rates, 1, this.#tokens))
    endpoint.speed.answered(now - at, aheadSeconds + prefill.seconds + this.#stepSeconds, tokens * perStep)
  }

  #settle(outcome: RequestOutcome): void {
    const { index, booking } = this.#terms
    const served = outcome.kind === 'finished' && outcome.outputTokens > 0
    if (this.#adapter !== undefined) this.endpoint.adapters.end(this.#adapter, served)
    if (outcome.kind === 'finished') index.confirm(booking)
    else if (!this.#started) index.withdraw(booking)
    this.#learn(outcome)
    this.endpoint.signals.kvFill = Math.min(1, this.#heldTokens() / this.endpoint.kvTokens)
  }

  #heldTokens(): number {
    return this.#terms.index.held(this.endpoint.slot) * this.#terms.pool.tokensPerBlock
  }

  /** Takes in what the engine said: text per token, answer length, and what it really found in its cache. */
  #learn(outcome: RequestOutcome): void {
    const { pool, request, index, booking, matchedBlocks } = this.#terms
    if (outcome.kind !== 'finished') return
    if (outcome.outputTokens > 0) pool.outputTokens.observe(outcome.outputTokens)
    const prompt = outcome.usage?.promptTokens
    if (prompt === undefined || prompt <= 0 || request.promptBytes <= 0) return
    pool.bytesPerToken.observe(request.promptBytes / prompt)
    const cached = outcome.usage?.cachedTokens
    if (cached === undefined || request.blocks.count === 0) return
    const cachedBlocks = Math.min(request.blocks.count, Math.ceil((cached / prompt) * this.#promptBlocks()))
    const asPredicted = cachedBlocks + CORRECTION_SLACK_BLOCKS >= matchedBlocks
    index.correct(booking, asPredicted ? Math.max(cachedBlocks, matchedBlocks) : cachedBlocks)
  }

  /** Blocks of the whole prompt, its partial last one included as a fraction. */
  #promptBlocks(): number {
    const { request } = this.#terms
    return request.promptTokens / request.tokensPerBlock
  }
}
