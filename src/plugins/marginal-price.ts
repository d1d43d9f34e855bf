import type { Candidate } from '../core/endpoint.ts'
import { prefillSeconds } from '../core/rates.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { adapterWait } from './adapter-wait.ts'
import type { ExpectedLoad } from './expected-load.ts'
import type { Load } from './load-reckoning.ts'
import type { SharedPrefix } from './shared-prefixes.ts'

/** What the cost of a placement consists of, in seconds. */
export const MARGINAL_TERMS = [
  'wait',
  'step',
  'memory',
  'prefill',
  'home',
  'copy',
  'eviction',
  'slowdown',
  'adapter',
] as const

/** Places of some of them. */
export const WAIT_TERM = 0
export const MEMORY_TERM = 2
export const PREFILL_TERM = 3

/** What is the same for all candidates of a request. */
export interface Question {
  readonly request: SchedulingRequest
  readonly shared: SharedPrefix
  /** Id of the session's endpoint. */
  readonly home: string | undefined
  /** Tokens that it holds beyond the prefix match. */
  readonly unseenTokens: number
  /** What a second of decoding is worth. */
  readonly worth: number
  /** Seconds that an answer decodes for. */
  readonly decodeSeconds: number
  /** True for an adapter, where any candidate knows something of it. */
  readonly adapter: boolean
  /** Chance that what is evicted is asked for again. */
  readonly reuse: number
}

/** A candidate as it is now. */
export interface Place {
  readonly candidate: Candidate<'matchedTokens' | 'kvFill' | 'adapterState'>
  readonly load: Readonly<Load>
  /** What the request will meet while it is there. */
  readonly expected: Readonly<ExpectedLoad>
  /** Observed over configured time, for prefill work and for decoding. */
  readonly prefillFactor: number
  readonly decodeFactor: number
  /** Distinct over all tokens in flight there. */
  readonly distinctShare: number
}

/** A copy is counted on for so many seconds. */
const COPY_LIFE = 60
/** An answer takes so many seconds at least. */
const MIN_ANSWER = 0.05

/** Writes the terms of one candidate's cost, in the order of `MARGINAL_TERMS`. */
export function priceInto(terms: Float64Array, question: Question, place: Place): void {
  const { request, home, worth, reuse } = question
  const { candidate, load, prefillFactor, decodeFactor } = place
  const { rates, kvTokens, signals } = candidate
  const { promptTokens, outputTokens } = request
  const { matchedTokens } = signals
  const full = prefillAfter(place, promptTokens, matchedTokens)
  const held = candidate.id === home ? Math.min(promptTokens - 1, matchedTokens + question.unseenTokens) : matchedTokens
  const own = held > matchedTokens ? prefillAfter(place, promptTokens, held) : full
  const copy = copyCredit(question, place, held, own)
  const overflow = promptTokens - held + outputTokens - (1 - signals.kvFill) * kvTokens
  terms[0] = prefillFactor * load.queuedSeconds
  terms[1] = load.decoding > 0 ? (decodeFactor * step(place)) / 2 : 0
  terms[2] = memoryWait(question, place)
  terms[3] = full
  terms[4] = own - full
  terms[5] = copy
  terms[6] = overflow > 0 ? overflow * prefillFactor * rates.prefillPerToken * reuse : 0
  terms[7] = worth * (place.expected.decoding * (own + copy) + decodeFactor * longerSteps(question, place))
  terms[8] = question.adapter ? adapterWait(signals.adapterState, question.decodeSeconds) : 0
}

/** Seconds to compute what follows the first `held` tokens of the prompt. */
function prefillAfter({ candidate, prefillFactor }: Place, promptTokens: number, held: number): number {
  return prefillFactor * prefillSeconds(candidate.rates, Math.max(1, promptTokens - held), held)
}

/** A decode step's duration, without the reading of KV. */
function step({ candidate: { rates }, load }: Place): number {
  return rates.decodeBase + rates.overhead + rates.decodePerSequence * load.decoding
}

/**
 * What is taken off the price of a copy that is due; not above 0. All who will use it bear it together: by Little's law those
 * that share the prefix come at the rate of those in flight over the time of an answer.
 */
function copyCredit({ request, shared, decodeSeconds }: Question, place: Place, held: number, own: number): number {
  const { dueTokens, dueSharing } = shared
  if (dueTokens <= held) return 0
  const rest = prefillAfter(place, request.promptTokens, Math.min(dueTokens, request.promptTokens - 1))
  const uses = dueSharing * (COPY_LIFE / Math.max(MIN_ANSWER, decodeSeconds))
  return Math.min(0, (rest - own) * (uses / (1 + uses)))
}

/** Seconds until requests in flight, which free their tokens evenly over the time of an answer, have freed what is lacking. */
function memoryWait({ request, shared, decodeSeconds }: Question, place: Place): number {
  const { candidate, load, distinctShare } = place
  const whole = load.inFlightTokens + request.promptTokens + request.outputTokens - candidate.kvTokens
  if (whole <= 0) return 0
  const inFlight = load.inFlightTokens * distinctShare
  const added = shared.newTokens(candidate.signals.matchedTokens) + request.outputTokens
  const lacking = inFlight + added - candidate.kvTokens
  return lacking > 0 ? Math.min(1, lacking / Math.max(1, inFlight)) * decodeSeconds : 0
}

/** Seconds that decode steps grow longer by this request: for those beside it, whoever they will be, and for itself. */
function longerSteps({ request }: Question, { candidate: { rates }, expected }: Place): number {
  const forOthers = expected.inFlight * (rates.decodePerSequence + rates.decodePerKvToken * request.promptTokens)
  const forItself = rates.decodePerSequence * expected.inFlight + rates.decodePerKvToken * expected.inFlightTokens
  return request.outputTokens * (forOthers + forItself)
}
