import { definePolicy, z } from '../../core/plugin.ts'

/**
 * The older cache-aware rule of SGLang's router, a cascade:
 *
 * 1. The pool is out of balance (most minus fewest requests above 64, and most above 1.5 times the fewest): fewest
 *    requests, whatever is cached.
 * 2. The best match is above 0.3 of the prompt: the endpoint that has it; of several, the one with the fewest requests.
 * 3. Otherwise the fewest requests, or, as the first versions had it, the endpoint with the least in its cache.
 *
 * The cost is the requests in flight (in the last case the tokens held); endpoints without the match follow behind.
 *
 * Source: `cache_aware` of the SGLang router and of the SGLang Model Gateway until the middle of 2026; vLLM's router
 * inherits it. 64, 1.5 and 0.3 are the defaults of its command line; its library has 32, 1.1 and 0.5. Its tree is over
 * the characters of what was sent where and names one endpoint per prefix; here all that hold it are known. See
 * `smg-cache-aware` for the rule that replaced it.
 */
export default definePolicy({
  type: 'sglang-cache-aware',
  summary: 'Longest prefix match above a threshold while the pool is in balance, else fewest requests (older rule)',
  options: z.strictObject({
    balanceAbsThreshold: z
      .number()
      .nonnegative()
      .default(64)
      .describe('Requests by which the most loaded endpoint must exceed the least loaded to be out of balance'),
    balanceRelThreshold: z
      .number()
      .min(1)
      .default(1.5)
      .describe('Multiple of the least loaded that the most loaded must exceed to be out of balance'),
    cacheThreshold: z.number().min(0).max(1).default(0.3).describe('Share of the prompt that a match must exceed'),
    coldTo: z
      .enum(['fewest-requests', 'emptiest-cache'])
      .default('fewest-requests')
      .describe('Where a prompt without a match goes'),
  }),
  reads: ['inFlight', 'matchedTokens', 'kvFill'],
  reasons: ['cached', 'not-cached', 'imbalanced'],
  unit: 'requests',
  terms: ['in-flight', 'without-match'],
  create({ balanceAbsThreshold, balanceRelThreshold, cacheThreshold, coldTo }) {
    return {
      rank({ promptTokens }, candidates, ranking) {
        let longest = 0
        let most = 0
        let fewest = Number.POSITIVE_INFINITY
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight, matchedTokens } = candidates[i]!.signals
          ranking.term(0, i, inFlight)
          ranking.cost[i] = inFlight
          longest = Math.max(longest, matchedTokens)
          most = Math.max(most, inFlight)
          fewest = Math.min(fewest, inFlight)
        }
        if (most - fewest > balanceAbsThreshold && most > balanceRelThreshold * fewest) {
          ranking.reason = 'imbalanced'
        } else if (longest > cacheThreshold * promptTokens) {
          ranking.reason = 'cached'
          for (let i = 0; i < candidates.length; i++) {
            const behind = candidates[i]!.signals.matchedTokens === longest ? 0 : most + 1
            ranking.term(1, i, behind)
            ranking.cost[i] = ranking.cost[i]! + behind
          }
        } else {
          ranking.reason = 'not-cached'
          if (coldTo === 'fewest-requests') return
          for (let i = 0; i < candidates.length; i++) {
            ranking.cost[i] = candidates[i]!.signals.kvFill * candidates[i]!.kvTokens
          }
        }
      },
    }
  },
})
