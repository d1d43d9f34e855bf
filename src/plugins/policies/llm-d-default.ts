import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { createSlotTable } from '../slot-table.ts'

type Endpoints = readonly Candidate<'matchedTokens' | 'inFlight' | 'decoding' | 'inFlightTokens'>[]

/** Score of every endpoint for a warm prompt. */
const NEUTRAL = 0.5

const options = z.strictObject({
  prefixWeight: z.number().nonnegative().default(3).describe('Weight of the share of the prompt that is held'),
  queueWeight: z.number().nonnegative().default(2).describe('Weight of a short queue'),
  kvWeight: z.number().nonnegative().default(2).describe('Weight of free KV cache'),
  noHitLruWeight: z
    .number()
    .nonnegative()
    .default(2)
    .describe('Weight, for prompts that nobody holds, of a long time without such a prompt'),
})

function isCold(candidates: Endpoints): boolean {
  for (let i = 0; i < candidates.length; i++) if (candidates[i]!.signals.matchedTokens > 0) return false
  return true
}

/** Requests at the endpoint that have no first token yet. */
function waitingAt({ signals }: Endpoints[number]): number {
  return Math.max(0, signals.inFlight - signals.decoding)
}

/** Number of values in the ascending `sorted` that are below `value`. */
function countBelow(sorted: Float64Array, count: number, value: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * A weighted mean of four scores in [0, 1]; the highest wins, equal ones at random. The cost is what is missing to 1.
 *
 * - prefix: share of the prompt that the endpoint holds;
 * - queue: waiting requests, 1 for the fewest and 0 for the most among the candidates, 1 for all when they are equal;
 * - kv: 1 - KV use;
 * - no-hit-lru: for a prompt that no candidate holds any of, 1 for the endpoint whose last such prompt is longest ago
 *   down to 0 for the latest, by rank; 0.5 for all otherwise. It spreads new prefixes over the pool.
 *
 * Source: llm-d's blend of scorers before its token-aware default (see `sticky-until-saturated`), with the weights
 * 3:2:2:2 of its prefix-cache blog. Its precise-prefix configuration is 2:1:1 with a `noHitLruWeight` of 0. There,
 * waiting requests and KV use are the engine's own metrics; here, a request waits until its first token is seen, and KV
 * use is the tokens of all requests in flight over the KV capacity.
 */
export default definePolicy({
  type: 'llm-d-default',
  summary: 'Weighted mean of prefix match, short queue, free KV cache and, for cold prompts, least recent use',
  options,
  reads: ['matchedTokens', 'inFlight', 'decoding', 'inFlightTokens'],
  reasons: ['best-score'],
  unit: 'score',
  terms: ['prefix', 'queue', 'kv', 'no-hit-lru'],
  ties: 'random',
  create({ prefixWeight, queueWeight, kvWeight, noHitLruWeight }) {
    const total = Math.max(prefixWeight + queueWeight + kvWeight + noHitLruWeight, Number.MIN_VALUE)
    const lastColdTurn = createSlotTable(0)
    let turn = 0
    let turns = new Float64Array(64)
    // What `rank` saw, for `booked` alone: it changes no ranking.
    let rankedRequest: SchedulingRequest | undefined
    let rankedCold = false

    /** Fills `turns` in ascending order when the prompt is cold. */
    function sortTurns(candidates: Endpoints): void {
      if (turns.length < candidates.length) turns = new Float64Array(2 * candidates.length)
      for (let i = 0; i < candidates.length; i++) turns[i] = lastColdTurn.get(candidates[i]!)
      turns.subarray(0, candidates.length).sort()
    }

    return {
      rank(request, candidates, ranking) {
        const count = candidates.length
        const cold = isCold(candidates)
        rankedRequest = request
        rankedCold = cold
        if (cold) sortTurns(candidates)
        let fewest = Number.POSITIVE_INFINITY
        let most = 0
        for (let i = 0; i < count; i++) {
          fewest = Math.min(fewest, waitingAt(candidates[i]!))
          most = Math.max(most, waitingAt(candidates[i]!))
        }
        for (let i = 0; i < count; i++) {
          const endpoint = candidates[i]!
          const { matchedTokens, inFlightTokens } = endpoint.signals
          const later = cold ? countBelow(turns, count, lastColdTurn.get(endpoint)) : 0
          const prefix = request.promptTokens > 0 ? Math.min(1, matchedTokens / request.promptTokens) : 0
          const queue = most === fewest ? 1 : (most - waitingAt(endpoint)) / (most - fewest)
          const kv = 1 - Math.min(1, inFlightTokens / endpoint.kvTokens)
          const noHitLru = cold ? 1 - later / Math.max(1, count - 1) : NEUTRAL
          ranking.term(0, i, (prefixWeight / total) * prefix)
          ranking.term(1, i, (queueWeight / total) * queue)
          ranking.term(2, i, (kvWeight / total) * kv)
          ranking.term(3, i, (noHitLruWeight / total) * noHitLru)
          const sum = prefixWeight * prefix + queueWeight * queue + kvWeight * kv + noHitLruWeight * noHitLru
          ranking.cost[i] = 1 - sum / total
        }
      },
      booked(request, endpoint) {
        if (rankedCold && rankedRequest === request) lastColdTurn.set(endpoint, ++turn)
        rankedRequest = undefined
      },
    }
  },
})
