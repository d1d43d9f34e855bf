import type { Candidate } from '../core/endpoint.ts'
import type { PoolPolicy } from '../core/pool.ts'
import { idleSignals, type SignalName, type Signals } from '../core/signals.ts'
import type { RunningEndpoint } from './running-endpoint.ts'

/** An endpoint as a router that polls sees it. */
interface PolledCandidate extends Candidate<SignalName> {
  readonly signals: Signals
}

/**
 * What a router knows that scrapes its engines instead of keeping a ledger: the load at the last poll, everybody's
 * requests included, and nothing of what it sent since. Whoever decides several times between two polls decides on the
 * same numbers each time, so requests herd.
 *
 * A poll yields more here than engines publish: the prompt tokens left to compute too. What is not polled stays as it is:
 * the prefix match, the time since this router last sent something, and the speed it has observed.
 */
export class PolledLoad {
  readonly #endpoints: readonly RunningEndpoint[]
  readonly #signals: readonly Signals[]
  readonly #seen: (PolledCandidate | undefined)[] = []
  #polledAt = 0

  constructor(endpoints: readonly RunningEndpoint[]) {
    this.#endpoints = endpoints
    this.#signals = endpoints.map(() => idleSignals())
  }

  /** Asks all endpoints for their load. */
  poll(now: number): void {
    this.#polledAt = now
    for (const [slot, endpoint] of this.#endpoints.entries()) {
      const signals = this.#signals[slot]!
      const load = endpoint.load()
      signals.inFlight = load.inFlight
      signals.decoding = load.decoding
      signals.queuedTokens = load.queuedTokens
      signals.queuedSeconds = load.queuedSeconds
      signals.inFlightTokens = load.expectedTokens
      signals.kvFill = load.kvFill
    }
  }

  /**
   * The policy as it decides on polled load. Equal costs are separated at random: the scheduler's usual rule would look
   * at its own ledger, which such a router does not have.
   */
  policy({ plugin, policy }: PoolPolicy): PoolPolicy {
    const seen: PolledCandidate[] = []
    return {
      plugin: { ...plugin, ties: 'random' },
      policy: {
        ...(policy.terms === undefined ? {} : { terms: policy.terms }),
        rank: (request, candidates, ranking, now) => {
          seen.length = 0
          for (const candidate of candidates) seen.push(this.#view(candidate, now))
          policy.rank(request, seen, ranking, now)
        },
        booked: (request, endpoint, now) => policy.booked?.(request, this.#view(endpoint, now), now),
        ended: (request, endpoint, outcome, now) => policy.ended?.(request, this.#view(endpoint, now), outcome, now),
      },
    }
  }

  #view(candidate: Candidate<SignalName>, now: number): PolledCandidate {
    const { slot, signals } = candidate
    let view = this.#seen[slot]
    if (view === undefined) {
      const { id, url, role, labels, rates, kvTokens, maxConcurrency } = candidate
      view = { slot, id, url, role, labels, rates, kvTokens, maxConcurrency, signals: this.#signals[slot]! }
      this.#seen[slot] = view
    }
    view.signals.matchedTokens = signals.matchedTokens
    view.signals.idleSeconds = signals.idleSeconds
    view.signals.loadAge = now - this.#polledAt
    view.signals.prefillFactor = signals.prefillFactor
    view.signals.decodeFactor = signals.decodeFactor
    view.signals.predictionError = signals.predictionError
    return view
  }
}
