import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { Ranking } from '../../core/ranking.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { blockKeyNumber, createRecentKeys } from '../recent-keys.ts'

type Endpoints = readonly Candidate<'queuedTokens' | 'matchedTokens' | 'inFlight'>[]

/** Stands for a prompt too short to belong to a class. */
const NO_CLASS = -1

const options = z.strictObject({
  hotspotDetection: z
    .boolean()
    .default(true)
    .describe('Keeps a class of prompts off its holders once they can no longer carry its share of the traffic'),
  classBlocks: z
    .number()
    .int()
    .positive()
    .default(4)
    .describe('Leading blocks of a prompt that make its class; shorter prompts belong to none'),
  windowRequests: z.number().int().positive().default(1000).describe('Selections over which shares are measured'),
  confirmationsPerHolder: z
    .number()
    .positive()
    .default(2)
    .describe('Requests of the class in a row, per holder, that must still prefer a holder'),
})

/** Writes the products; returns true when the lowest belongs to an endpoint that holds `classTokens` of the prompt. */
function price({ promptTokens }: SchedulingRequest, candidates: Endpoints, ranking: Ranking, classTokens: number) {
  let bestHolder = Number.POSITIVE_INFINITY
  let bestOther = Number.POSITIVE_INFINITY
  for (let i = 0; i < candidates.length; i++) {
    const { queuedTokens, matchedTokens, inFlight } = candidates[i]!.signals
    const tokens = queuedTokens + Math.max(1, promptTokens - matchedTokens)
    const cost = tokens * (inFlight + 1)
    ranking.term(0, i, tokens)
    ranking.term(1, i, inFlight + 1)
    ranking.cost[i] = cost
    if (matchedTokens >= classTokens) bestHolder = Math.min(bestHolder, cost)
    else bestOther = Math.min(bestOther, cost)
  }
  return bestHolder < bestOther
}

function countHolders(candidates: Endpoints, classTokens: number): number {
  let holders = 0
  for (let i = 0; i < candidates.length; i++) if (candidates[i]!.signals.matchedTokens >= classTokens) holders += 1
  return holders
}

/**
 * Prefill work times batch size: the prompt tokens the endpoint would have to compute, this request's uncached ones
 * included, times the requests it would then have: `(queuedTokens + uncached) * (inFlight + 1)`. A product needs no
 * scale between its factors, so there is no weight. A fully cached prompt counts as one token: the engine always
 * computes the last one, and a zero would hide the load. Equal ones: fewest requests, then in turn.
 *
 * The product fails when one class of prompts (those with the same first blocks) is too popular for the endpoints that
 * hold it. With `x` the class's share of recent selections, `M` its holders and `N` all endpoints, its traffic is
 * stable while `x / (1 - x) <= M / (N - M)`. The detector has two phases:
 *
 * 1. Alarm: the inequality fails for the class of this request, itself counted in.
 * 2. Confirmation: `2 M` requests of the class in a row, this one counted in, met an alarm and a holder as the cheapest
 *    endpoint. From then on, and as long as that stays so, holders are excluded for the class: the request builds
 *    another copy elsewhere.
 *
 * Source: LMetric, arXiv 2603.15202, in its full form; restatements that leave the queued tokens out do markedly worse.
 * The paper measures shares over time; the window in selections and the class of four blocks are those of NVIDIA
 * Dynamo's port, in which the detector is on by default, as here. A block here is 128 bytes of prompt or so, about 32
 * tokens.
 */
export default definePolicy({
  type: 'lmetric',
  summary: 'Prefill tokens left to compute times requests in flight, this request included',
  options,
  reads: ['queuedTokens', 'matchedTokens', 'inFlight'],
  reasons: ['least-product', 'hot-spot'],
  unit: 'score',
  terms: ['prefill-tokens', 'batch'],
  create({ hotspotDetection, classBlocks, windowRequests, confirmationsPerHolder }) {
    const streaks = new Map<number, number>()
    const recent = createRecentKeys(windowRequests, 1, (key) => streaks.delete(key))
    const noted = new Float64Array(1)
    // What `rank` saw, for `booked` alone: it changes no ranking.
    let rankedRequest: SchedulingRequest | undefined
    let rankedHot = false

    function classOf({ blocks }: SchedulingRequest): number {
      return hotspotDetection && blocks.count >= classBlocks ? blockKeyNumber(blocks, classBlocks - 1) : NO_CLASS
    }

    return {
      rank(request, candidates, ranking) {
        const classKey = classOf(request)
        const classTokens = Math.min(request.promptTokens, classBlocks * request.tokensPerBlock)
        const prefersHolder = price(request, candidates, ranking, classTokens)
        rankedRequest = request
        rankedHot = false
        if (classKey === NO_CLASS || !prefersHolder) return
        const holders = countHolders(candidates, classTokens)
        const others = candidates.length - holders
        const share = recent.shareWithNext(classKey)
        if (others === 0 || share * others <= (1 - share) * holders) return
        rankedHot = true
        if ((streaks.get(classKey) ?? 0) + 1 < confirmationsPerHolder * holders) return
        ranking.reason = 'hot-spot'
        for (let i = 0; i < candidates.length; i++) {
          if (candidates[i]!.signals.matchedTokens >= classTokens) ranking.cost[i] = Number.POSITIVE_INFINITY
        }
      },
      booked(request) {
        const classKey = classOf(request)
        if (classKey === NO_CLASS) return
        const isHot = rankedHot && rankedRequest === request
        rankedRequest = undefined
        noted[0] = classKey
        recent.note(noted, 1)
        if (isHot) streaks.set(classKey, (streaks.get(classKey) ?? 0) + 1)
        else streaks.delete(classKey)
      },
    }
  },
})
