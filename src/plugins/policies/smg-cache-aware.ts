import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'

type Endpoints = readonly Candidate<'inFlight' | 'matchedTokens' | 'queuedTokens'>[]

/**
 * The newer cache-aware rule of the SGLang Model Gateway (SMG):
 *
 * 1. The best match is above 0.3 of the prompt: the endpoint with the fewest requests among those that have it.
 *    Otherwise the fewest requests of all.
 * 2. A gate on the holder so chosen: when its requests exceed both 1.5 times the mean and the mean plus 64, it is given
 *    up for the fewest requests of all, which thereby becomes another holder.
 *
 * Equal ones at random. The cost is the requests in flight; endpoints without the match follow behind those that have
 * it.
 *
 * With `overlapDecay` d, a match counts as divided by `1 + d * x`, where `x` is what the endpoint's queue has over the
 * shortest one, as a multiple of the prompt.
 *
 * Source: `cache_aware` of SMG after its commits #2161 and #2096 (August 2026) and its defaults. This is the path of
 * its prefix tree, which every HTTP request takes; a `matchThreshold` of 0 makes it the path of its exact index, where
 * any match beats any load up to the gate, and only that one knows the decay. The tree considers at most eight holders;
 * here all. Sampling by temperature, off by default there, is left out, and a mean counts the candidates of the
 * decision.
 */
export default definePolicy({
  type: 'smg-cache-aware',
  summary: 'Least loaded holder of the longest prefix match, given up when it is far above the mean load',
  options: z.strictObject({
    matchThreshold: z.number().min(0).max(1).default(0.3).describe('Share of the prompt that a match must exceed'),
    spillAbsThreshold: z
      .number()
      .nonnegative()
      .default(64)
      .describe('Requests above the mean that a holder must exceed to be given up'),
    spillRelThreshold: z
      .number()
      .min(1)
      .default(1.5)
      .describe('Multiple of the mean that a holder must exceed to be given up'),
    overlapDecay: z
      .number()
      .nonnegative()
      .default(0)
      .describe('How fast a match loses worth as the queue outgrows the shortest one; 0 for never'),
  }),
  reads: ['inFlight', 'matchedTokens', 'queuedTokens'],
  reasons: ['cached', 'not-cached', 'spilled'],
  unit: 'requests',
  terms: ['in-flight', 'without-match', 'match'],
  ties: 'random',
  create({ matchThreshold, spillAbsThreshold, spillRelThreshold, overlapDecay }) {
    /** What the match is worth, in tokens. */
    function worthOf({ signals }: Endpoints[number], { promptTokens }: SchedulingRequest, shortest: number): number {
      const excess = (signals.queuedTokens - shortest) / Math.max(1, promptTokens)
      return overlapDecay === 0 ? signals.matchedTokens : signals.matchedTokens / (1 + overlapDecay * excess)
    }

    return {
      rank(request, candidates, ranking) {
        const count = candidates.length
        let shortest = Number.POSITIVE_INFINITY
        for (let i = 0; i < count; i++) shortest = Math.min(shortest, candidates[i]!.signals.queuedTokens)
        let best = 0
        let most = 0
        let total = 0
        let holder = Number.POSITIVE_INFINITY
        for (let i = 0; i < count; i++) {
          const { inFlight } = candidates[i]!.signals
          const worth = worthOf(candidates[i]!, request, shortest)
          if (worth >= best) holder = worth > best ? inFlight : Math.min(holder, inFlight)
          best = Math.max(best, worth)
          most = Math.max(most, inFlight)
          total += inFlight
          ranking.term(0, i, inFlight)
          ranking.term(2, i, worth)
          ranking.cost[i] = inFlight
        }
        const mean = total / count
        const isCached = best > matchThreshold * request.promptTokens
        const isSpilled = isCached && holder > spillRelThreshold * mean && holder > mean + spillAbsThreshold
        ranking.reason = isSpilled ? 'spilled' : isCached ? 'cached' : 'not-cached'
        if (!isCached || isSpilled) return
        for (let i = 0; i < count; i++) {
          const behind = worthOf(candidates[i]!, request, shortest) === best ? 0 : most + 1
          ranking.term(1, i, behind)
          ranking.cost[i] = ranking.cost[i]! + behind
        }
      },
    }
  },
})
