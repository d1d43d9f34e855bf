import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { Ranking } from '../../core/ranking.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { MARGINAL_TERMS, MEMORY_TERM, PREFILL_TERM, WAIT_TERM } from '../marginal-price.ts'
import { createMarginalState } from '../marginal-state.ts'

/** Deviation of predicted from observed times to the first token from which on predictions are not trusted. */
const TRUSTED_ERROR = 0.5

const reads = [
  'queuedTokens',
  'queuedSeconds',
  'matchedTokens',
  'decoding',
  'inFlight',
  'inFlightTokens',
  'kvFill',
  'adapterState',
  'loadAge',
  'prefillFactor',
  'decodeFactor',
  'predictionError',
] as const

type Endpoint = Candidate<(typeof reads)[number]>

/**
 * The default: what placing the request here costs everyone, in seconds.
 *
 *     cost = wait + step + memory + prefill + home + copy + eviction + slowdown + adapter
 *
 * - `wait`: prefill work ahead, as it is left now, not as it was when it was sent;
 * - `step`: half of the decode step under way, in which no prefill begins;
 * - `memory`: the time until requests in flight have freed the KV tokens that this one lacks there;
 * - `prefill`: the request's own uncached prompt, attention to its cached part included;
 * - `home` (not above 0): what the session's endpoint is observed to hold beyond the prefix match;
 * - `copy` (not above 0): where another copy of a prefix that many requests in flight share is due, they bear its cost
 *   together;
 * - `eviction`: the recomputation of what has to leave the cache there, times the estimated chance that it is asked for
 *   again; nothing where there is room;
 * - `slowdown`: the stall that this prefill causes to those decoding there, and the steps that grow longer by this
 *   request, for those beside it and for itself, while it decodes; at the worth of decoding against waiting. How many
 *   there will be lies between those there now and those that usually are.
 * - `adapter`: loading the request's adapter (LoRA) where no slot holds it, and waiting for a slot where all are in use.
 *
 * Seconds come from the endpoint's rates times the factors observed there; an endpoint that nobody has observed yet counts
 * as fast as the others are on average. Where observed and predicted times are too far apart, all endpoints are compared
 * by the prefill work that is left, in tokens at one common speed. Load that is read, not kept, is brought up to date by what
 * was sent since. Nothing in it is for the user to tune; `without` is there to see what each term is worth.
 *
 * Prompts in flight count as held (the index is booked with the decision).
 *
 * Source: work left and min-TTFT routing as in Mooncake (FAST'25) and SMetric; the interference terms follow from the
 * step model in `core/rates.ts`; copies from LMetric's stability rule.
 */
export default definePolicy({
  type: 'marginal-cost',
  summary: 'Lowest cost to everyone in seconds: work ahead, own uncached prefill, slow-down of those decoding',
  options: z.strictObject({
    without: z
      .array(z.enum(MARGINAL_TERMS))
      .default([])
      .describe('Terms left out of the cost, to see what each is worth'),
  }),
  reads,
  reasons: ['lowest-cost', 'least-work'],
  unit: 'seconds',
  terms: MARGINAL_TERMS,
  create({ without }) {
    const state = createMarginalState()
    const counted = MARGINAL_TERMS.map((term) => (without.includes(term) ? 0 : 1))
    const priced = new Float64Array(MARGINAL_TERMS.length)
    // Of the last ranking, for `booked`, by slot.
    let memorySeconds = new Float64Array(64)

    function noteMemory(slot: number, seconds: number): void {
      if (slot >= memorySeconds.length) {
        const grown = new Float64Array(2 * slot)
        grown.set(memorySeconds)
        memorySeconds = grown
      }
      memorySeconds[slot] = seconds
    }

    function rankByCost(request: SchedulingRequest, candidates: readonly Endpoint[], ranking: Ranking, now: number) {
      const question = state.question(request, now)
      for (let i = 0; i < candidates.length; i++) {
        const candidate = candidates[i]!
        state.price(priced, question, candidate, now)
        let cost = 0
        for (let t = 0; t < priced.length; t++) {
          ranking.term(t, i, priced[t]!)
          cost += counted[t]! * priced[t]!
        }
        ranking.cost[i] = cost
        noteMemory(candidate.slot, priced[MEMORY_TERM]!)
      }
    }

    return {
      rank(request, candidates, ranking, now) {
        state.look(request, candidates)
        if (isPredictable(candidates)) rankByCost(request, candidates, ranking, now)
        else {
          memorySeconds.fill(0)
          rankByWork(request, candidates, ranking)
        }
      },
      booked: (request, endpoint, now) => state.booked(request, endpoint, memorySeconds[endpoint.slot] ?? 0, now),
      ended: (request, endpoint, outcome, now) => state.ended(request, endpoint, outcome, now),
    }
  },
})

function isPredictable(candidates: readonly Endpoint[]): boolean {
  for (let i = 0; i < candidates.length; i++) {
    if ((candidates[i]!.signals.predictionError ?? 0) > TRUSTED_ERROR) return false
  }
  return true
}

/** Least prefill work left: tokens at the speed of the first endpoint for all, so that only tokens count. */
function rankByWork(request: SchedulingRequest, candidates: readonly Endpoint[], ranking: Ranking): void {
  ranking.reason = 'least-work'
  const perToken = candidates[0]?.rates.prefillPerToken ?? 0
  for (let i = 0; i < candidates.length; i++) {
    const { queuedTokens, matchedTokens } = candidates[i]!.signals
    const wait = perToken * queuedTokens
    const prefill = perToken * Math.max(0, request.promptTokens - matchedTokens)
    ranking.term(WAIT_TERM, i, wait)
    ranking.term(PREFILL_TERM, i, prefill)
    ranking.cost[i] = wait + prefill
  }
}
