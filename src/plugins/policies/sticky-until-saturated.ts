import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'

type Endpoint = Candidate<'queuedTokens' | 'matchedTokens'>

/**
 * Only the endpoints that hold most of the prompt, until they are saturated; among those that remain, the fewest tokens
 * left to compute, own uncached prompt included.
 *
 * 1. Sticky are the endpoints that hold at least `affinityThreshold` of the prompt. When none does, all stay.
 * 2. The time to first token is estimated as `queuedTokens / peakPrefillThroughput`. When the best sticky endpoint is
 *    worse than the best other one by more than `maxTTFTPenaltyMs`, all stay; otherwise only the sticky ones do, and
 *    the cost of the others is infinite. A penalty of 0 never gives up.
 *
 * Source: llm-d's optimised baseline, prefix-cache-affinity filter and token-load scorer, with their defaults: the
 * throughput is that of Qwen3-32B on two H100, one idle chunk, and has to be measured anew for any other engine. There,
 * a prompt counts in full until its first token; here, what is computed of it drains meanwhile. The scorer's cap at
 * four million tokens is left out. For chat under open-loop load, 18 s are far too sticky.
 */
export default definePolicy({
  type: 'sticky-until-saturated',
  summary: 'Endpoints that hold most of the prompt until they are saturated, then least prefill work',
  options: z.strictObject({
    affinityThreshold: z
      .number()
      .positive()
      .max(1)
      .default(0.8)
      .describe('Share of the prompt an endpoint must hold to be sticky'),
    peakPrefillThroughput: z
      .number()
      .positive()
      .default(15_928)
      .describe('Prompt tokens that an endpoint computes per second at its best'),
    maxTTFTPenaltyMs: z
      .number()
      .nonnegative()
      .default(18_000)
      .describe('Milliseconds that a sticky endpoint may be slower to the first token than another; 0 for any'),
  }),
  reads: ['queuedTokens', 'matchedTokens'],
  reasons: ['sticky', 'nothing-sticky', 'saturated'],
  unit: 'tokens',
  terms: ['queued', 'own'],
  create({ affinityThreshold, peakPrefillThroughput, maxTTFTPenaltyMs }) {
    const maxPenaltyTokens =
      maxTTFTPenaltyMs === 0 ? Number.POSITIVE_INFINITY : (maxTTFTPenaltyMs / 1000) * peakPrefillThroughput

    function isSticky({ promptTokens }: SchedulingRequest, { signals }: Endpoint): boolean {
      return promptTokens > 0 && signals.matchedTokens >= affinityThreshold * promptTokens
    }

    function reasonFor(request: SchedulingRequest, candidates: readonly Endpoint[]): string {
      let sticky = Number.POSITIVE_INFINITY
      let other = Number.POSITIVE_INFINITY
      for (let i = 0; i < candidates.length; i++) {
        const { queuedTokens } = candidates[i]!.signals
        if (isSticky(request, candidates[i]!)) sticky = Math.min(sticky, queuedTokens)
        else other = Math.min(other, queuedTokens)
      }
      if (sticky === Number.POSITIVE_INFINITY) return 'nothing-sticky'
      return sticky > other + maxPenaltyTokens ? 'saturated' : 'sticky'
    }

    return {
      rank(request, candidates, ranking) {
        ranking.reason = reasonFor(request, candidates)
        const narrowed = ranking.reason === 'sticky'
        for (let i = 0; i < candidates.length; i++) {
          const { queuedTokens, matchedTokens } = candidates[i]!.signals
          const own = Math.max(0, request.promptTokens - matchedTokens)
          const isOut = narrowed && !isSticky(request, candidates[i]!)
          ranking.term(0, i, queuedTokens)
          ranking.term(1, i, own)
          ranking.cost[i] = isOut ? Number.POSITIVE_INFINITY : queuedTokens + own
        }
      },
    }
  },
})
