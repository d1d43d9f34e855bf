import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { Ranking } from '../../core/ranking.ts'

type Endpoints = readonly Candidate<'matchedTokens' | 'inFlight' | 'inFlightTokens'>[]

/** Lifts every endpoint that was not drawn behind the one that was: scores are within the sum of the weights. */
function keepOne(ranking: Ranking, drawn: number, behind: number): void {
  for (let i = 0; i < ranking.count; i++) {
    if (i === drawn) continue
    ranking.term(3, i, behind)
    ranking.cost[i] = ranking.cost[i]! + behind
  }
}

/** Place of an endpoint drawn in proportion to its score, the negated cost; uniform when all scores are zero. */
function drawByScore({ cost, count }: Ranking, chance: number): number {
  let left = 0
  for (let i = 0; i < count; i++) left -= cost[i]!
  if (left <= 0) return Math.floor(chance * count)
  left *= chance
  for (let i = 0; i < count - 1; i++) {
    left += cost[i]!
    if (left < 0) return i
  }
  return count - 1
}

/**
 * A linear score of three parts, each stretched so that it is 0 for the worst and 1 for the best of the candidates, and
 * 0 where all are equal: `alpha * share of the prompt held + beta * few requests in flight + gamma * few tokens in
 * flight`. The endpoint is drawn in proportion to its score. The cost is the negated score; endpoints that were not
 * drawn follow behind.
 *
 * Source: the policy in production at Alibaba's Bailian as LMetric's artefact (blitz-router) re-implements it, with its
 * weights 0.7, 0.15, 0.15, tuned for chat and code; for API calls and tool agents `alpha` was 0.55. Drawing is that of
 * the artefact, except that its first replica takes the request when all score 0; here anyone may. With `pick: best`
 * the highest score wins, as the policy is restated elsewhere.
 */
export default definePolicy({
  type: 'bailian',
  summary: 'Drawn by a linear score of prefix match, requests and tokens in flight',
  options: z.strictObject({
    alpha: z.number().nonnegative().default(0.7).describe('Weight of the share of the prompt that is held'),
    beta: z.number().nonnegative().default(0.15).describe('Weight of few requests in flight'),
    gamma: z.number().nonnegative().default(0.15).describe('Weight of few tokens in flight, prompts and answers'),
    pick: z.enum(['drawn', 'best']).default('drawn').describe('Draw in proportion to the score, or take the highest'),
  }),
  reads: ['matchedTokens', 'inFlight', 'inFlightTokens'],
  reasons: ['drawn', 'best-score'],
  unit: 'score',
  terms: ['match', 'requests', 'tokens', 'not-drawn'],
  ties: 'random',
  create({ alpha, beta, gamma, pick }, services) {
    const lowest = new Float64Array(3)
    const highest = new Float64Array(3)

    function widen(part: number, value: number): void {
      lowest[part] = Math.min(lowest[part]!, value)
      highest[part] = Math.max(highest[part]!, value)
    }

    /** Finds the range of each part over the candidates. */
    function measure(candidates: Endpoints): void {
      lowest.fill(Number.POSITIVE_INFINITY)
      highest.fill(Number.NEGATIVE_INFINITY)
      for (let i = 0; i < candidates.length; i++) {
        const { matchedTokens, inFlight, inFlightTokens } = candidates[i]!.signals
        widen(0, matchedTokens)
        widen(1, inFlight)
        widen(2, inFlightTokens)
      }
    }

    /** This distance as a share of the part's range. */
    function stretch(part: number, distance: number): number {
      const range = highest[part]! - lowest[part]!
      return range > 0 ? distance / range : 0
    }

    return {
      rank(_request, candidates, ranking) {
        measure(candidates)
        for (let i = 0; i < candidates.length; i++) {
          const { matchedTokens, inFlight, inFlightTokens } = candidates[i]!.signals
          const match = alpha * stretch(0, matchedTokens - lowest[0]!)
          const requests = beta * stretch(1, highest[1]! - inFlight)
          const tokens = gamma * stretch(2, highest[2]! - inFlightTokens)
          ranking.term(0, i, -match)
          ranking.term(1, i, -requests)
          ranking.term(2, i, -tokens)
          ranking.cost[i] = -(match + requests + tokens)
        }
        ranking.reason = pick === 'drawn' ? 'drawn' : 'best-score'
        if (pick === 'drawn') keepOne(ranking, drawByScore(ranking, services.random()), alpha + beta + gamma + 1)
      },
    }
  },
})
