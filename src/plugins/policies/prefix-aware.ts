import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { Ranking } from '../../core/ranking.ts'

type Endpoints = readonly Candidate<'inFlight' | 'matchedTokens'>[]

/** A request in flight weighs far less than a block, so that it only orders equal matches. */
const TOKENS_PER_REQUEST = 1 / 1024

function rankByLoad(candidates: Endpoints, ranking: Ranking): void {
  for (let i = 0; i < candidates.length; i++) {
    const { inFlight } = candidates[i]!.signals
    ranking.term(1, i, inFlight)
    ranking.cost[i] = inFlight
  }
}

/**
 * The longest prefix match wins, unless that endpoint is saturated.
 *
 * The candidates are put in order by match, longest first, then by requests in flight, fewest first, then at random.
 *
 * 1. The best match is below `minMatchTokens`: the least loaded endpoint, `fallback-least-loaded`.
 * 2. The best is not saturated: it is taken, `longest-prefix`.
 * 3. It is saturated: the next in order that has the minimum match and is not, `spilled-from-saturated`; when there is
 *    none, the least loaded endpoint of all, `spilled-fallback-least-loaded`.
 *
 * The cost is the uncached tokens plus a tiny term for the requests in flight; in the two fallbacks it is the requests in
 * flight. Endpoints that do not qualify follow behind those that do, fewest requests first.
 *
 * Source: `prefixaware` of llm-cache-router, where a match is counted in chunks of 32 bytes and the minimum is 2 chunks:
 * 64 bytes, about 16 tokens. Matches here come in whole blocks, so any minimum up to one block means one block. Equal
 * loads in its fallback go by list order; here at random.
 */
export default definePolicy({
  type: 'prefix-aware',
  summary: 'Longest prefix match, unless that endpoint is saturated',
  options: z.strictObject({
    minMatchTokens: z
      .number()
      .nonnegative()
      .default(16)
      .describe('Tokens an endpoint must hold to be preferred; 0 prefers the longest match whatever its length'),
    saturationInFlight: z
      .number()
      .int()
      .nonnegative()
      .default(8)
      .describe('Requests in flight at which an endpoint is passed over; 0 for never'),
  }),
  reads: ['inFlight', 'matchedTokens'],
  reasons: ['longest-prefix', 'spilled-from-saturated', 'spilled-fallback-least-loaded', 'fallback-least-loaded'],
  unit: 'tokens',
  terms: ['uncached', 'in-flight', 'not-qualified'],
  ties: 'random',
  create({ minMatchTokens, saturationInFlight }) {
    const saturation = saturationInFlight === 0 ? Number.POSITIVE_INFINITY : saturationInFlight
    return {
      rank({ promptTokens }, candidates, ranking) {
        let longest = 0
        let longestFree = -1
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight, matchedTokens } = candidates[i]!.signals
          longest = Math.max(longest, matchedTokens)
          if (inFlight < saturation) longestFree = Math.max(longestFree, matchedTokens)
        }
        if (longest < minMatchTokens || longestFree < minMatchTokens) {
          ranking.reason = longest < minMatchTokens ? 'fallback-least-loaded' : 'spilled-fallback-least-loaded'
          rankByLoad(candidates, ranking)
          return
        }
        ranking.reason = longestFree === longest ? 'longest-prefix' : 'spilled-from-saturated'
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight, matchedTokens } = candidates[i]!.signals
          const qualifies = matchedTokens >= minMatchTokens && inFlight < saturation
          const uncached = qualifies ? Math.max(promptTokens, longest) - matchedTokens : 0
          const load = qualifies ? inFlight * TOKENS_PER_REQUEST : inFlight
          const behind = qualifies ? 0 : Math.max(promptTokens, longest) + 1
          ranking.term(0, i, uncached)
          ranking.term(1, i, load)
          ranking.term(2, i, behind)
          ranking.cost[i] = uncached + load + behind
        }
      },
    }
  },
})
