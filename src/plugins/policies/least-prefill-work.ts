import { definePolicy, z } from '../../core/plugin.ts'

/**
 * Least prefill work left: the prompt tokens an endpoint still has to compute plus those this request adds there. No
 * knob. Ties go to the endpoint with the fewest requests, then in turn.
 *
 * Source: the LPWL rule of the agentic-kvc study (2026); llm-d's token-load scorer and Mooncake's TTFT estimate with a
 * linear time model come to the same.
 */
export default definePolicy({
  type: 'least-prefill-work',
  summary: 'Fewest prompt tokens left to compute, own uncached prompt included',
  options: z.strictObject({}),
  reads: ['queuedTokens', 'matchedTokens'],
  reasons: ['least-work'],
  unit: 'tokens',
  terms: ['queued', 'own'],
  create() {
    return {
      rank(request, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) {
          const { signals } = candidates[i]!
          const own = Math.max(0, request.promptTokens - signals.matchedTokens)
          ranking.term(0, i, signals.queuedTokens)
          ranking.term(1, i, own)
          ranking.cost[i] = signals.queuedTokens + own
        }
      },
    }
  },
})
