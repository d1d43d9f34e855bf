import type { Candidate } from '../core/endpoint.ts'
import type { RequestOutcome } from '../core/outcome.ts'
import { prefillSeconds } from '../core/rates.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { createDecodingWorth } from './decoding-worth.ts'
import { createLoadExpectation } from './expected-load.ts'
import { createLoadReckoning, type LoadSignal } from './load-reckoning.ts'
import { type Question, priceInto } from './marginal-price.ts'
import { createMemoryInFlight } from './memory-in-flight.ts'
import { createReuseEstimate } from './reuse-estimate.ts'
import { createSessionHomes } from './session-homes.ts'
import { createSharedPrefixes } from './shared-prefixes.ts'
import { createSpeedFactors } from './speed-factors.ts'

/** The signals that a price is made of. */
export type MarginalSignal = LoadSignal | 'matchedTokens' | 'kvFill' | 'adapterState' | 'prefillFactor' | 'decodeFactor'

type Endpoint = Candidate<MarginalSignal>

/** Everything that the marginal cost remembers between requests. */
export interface MarginalState {
  /** Looks at the candidates of a request: to be called before they are priced. */
  look(request: SchedulingRequest, candidates: readonly Endpoint[]): void
  /** What is asked of every candidate of the request that was looked at last. */
  question(request: SchedulingRequest, now: number): Question
  /** Writes the terms of a candidate's cost. */
  price(terms: Float64Array, question: Question, candidate: Endpoint, now: number): void
  booked(request: SchedulingRequest, endpoint: Endpoint, memorySeconds: number, now: number): void
  ended(request: SchedulingRequest, endpoint: Endpoint, outcome: RequestOutcome, now: number): void
}

/** Creates the state of a router that has sent nothing yet. */
export function createMarginalState(): MarginalState {
  const worth = createDecodingWorth()
  const reuse = createReuseEstimate()
  const shared = createSharedPrefixes()
  const homes = createSessionHomes()
  const memory = createMemoryInFlight()
  const reckoning = createLoadReckoning()
  const expectation = createLoadExpectation()
  const speeds = createSpeedFactors()
  // Of the last look.
  const all: Together = { longestMatch: 0, capacity: 0, adapter: false }
  let prefix = shared.none

  return {
    look(request, candidates) {
      lookTogether(all, candidates)
      prefix = shared.look(request, candidates)
      speeds.look(candidates)
    },
    question: (request, now) => ({
      request,
      shared: prefix,
      home: homes.of(request, now),
      unseenTokens: homes.unseenTokens,
      worth: worth.at(speeds.spread),
      decodeSeconds: worth.decodeSeconds,
      adapter: all.adapter,
      reuse: reuse.probability,
    }),
    price(terms, question, candidate, now) {
      const load = reckoning.now(candidate, now)
      const expected = expectation.next(candidate.slot, load, worth.decodeSeconds, now)
      const prefillFactor = speeds.prefill(candidate)
      const decodeFactor = speeds.decode(candidate)
      const distinctShare = memory.distinctShare(candidate.slot)
      priceInto(terms, question, { candidate, load, expected, prefillFactor, decodeFactor, distinctShare })
    },
    booked(request, endpoint, memorySeconds, now) {
      const { slot, rates, signals } = endpoint
      const { matchedTokens } = signals
      const seconds = prefillSeconds(rates, Math.max(1, request.promptTokens - matchedTokens), matchedTokens)
      reckoning.sent(slot, now, seconds, request.promptTokens + request.outputTokens)
      memory.sent(request, slot, prefix.newTokens(matchedTokens))
      worth.booked(memorySeconds)
      homes.booked(request, endpoint, now)
      shared.add(request)
      reuse.note(request, all.longestMatch, 2 * all.capacity)
    },
    ended(request, { slot }, outcome, now) {
      reckoning.ended(slot, now, request.promptTokens + request.outputTokens)
      memory.ended(request, slot)
      homes.ended(request, outcome)
      shared.remove(request)
      // The first byte of a plain answer comes when all of it is there: it parts no waiting from decoding.
      if (request.streamed) worth.ended(outcome)
    },
  }
}

/** What the candidates of a request are together. */
interface Together {
  longestMatch: number
  /** Tokens that they hold. */
  capacity: number
  /** True where anything is known of the request's adapter. */
  adapter: boolean
}

function lookTogether(all: Together, candidates: readonly Endpoint[]): void {
  all.longestMatch = all.capacity = 0
  all.adapter = false
  for (let i = 0; i < candidates.length; i++) {
    const { kvTokens, signals } = candidates[i]!
    all.longestMatch = Math.max(all.longestMatch, signals.matchedTokens)
    all.capacity += kvTokens
    all.adapter ||= signals.adapterState !== undefined
  }
}
