import { definePolicy, z } from '../../core/plugin.ts'

/**
 * A fixed bonus for an endpoint that has the prompt's prefix cached, minus a penalty per request in flight there:
 * `score = bonus * cached - penalty * inFlight`, the highest wins, equal ones at random. The cost is the negated score.
 *
 * Source: KV-Router, with its constants 100 and 10. There, "cached" means that one hash over all messages but a final
 * user message has been sent to the endpoint within half an hour: a conversation's next turn has another hash and counts
 * as a miss, and all prompts of a single user message share one hash and count as hits. Here a prefix match decides:
 * cached means that at least `minShare` of the prompt and at least `minTokens` are held. Requests that repeat a long
 * prefix are treated alike; the two faults are not reproduced.
 */
export default definePolicy({
  type: 'hit-bonus',
  summary: 'A fixed bonus for a cached prefix, minus a penalty per request in flight',
  options: z.strictObject({
    bonus: z.number().nonnegative().default(100).describe('Score of an endpoint that has the prefix cached'),
    penalty: z.number().nonnegative().default(10).describe('Score lost per request in flight'),
    minShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Share of the prompt that must be held to count as cached'),
    minTokens: z.number().positive().default(1).describe('Tokens that must be held to count as cached'),
  }),
  reads: ['inFlight', 'matchedTokens'],
  reasons: ['cached', 'not-cached', 'outweighed-by-load', 'cached-or-idle'],
  unit: 'score',
  terms: ['bonus', 'load'],
  ties: 'random',
  create({ bonus, penalty, minShare, minTokens }) {
    return {
      rank(request, candidates, ranking) {
        const needed = Math.max(minTokens, minShare * request.promptTokens)
        let bestCached = Number.POSITIVE_INFINITY
        let bestOther = Number.POSITIVE_INFINITY
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight, matchedTokens } = candidates[i]!.signals
          const cached = matchedTokens >= needed
          const cost = penalty * inFlight - (cached ? bonus : 0)
          ranking.term(0, i, cached ? -bonus : 0)
          ranking.term(1, i, penalty * inFlight)
          ranking.cost[i] = cost
          if (cached) bestCached = Math.min(bestCached, cost)
          else bestOther = Math.min(bestOther, cost)
        }
        if (bestCached === Number.POSITIVE_INFINITY) ranking.reason = 'not-cached'
        else if (bestCached === bestOther) ranking.reason = 'cached-or-idle'
        else ranking.reason = bestCached < bestOther ? 'cached' : 'outweighed-by-load'
      },
    }
  },
})
