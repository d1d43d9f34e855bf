import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'

type Endpoints = readonly Candidate<'inFlight' | 'matchedTokens'>[]

/** Standard deviation of the requests in flight over a sample (n - 1), 0 for a single endpoint. */
function deviationOf(candidates: Endpoints, mean: number): number {
  let squares = 0
  for (let i = 0; i < candidates.length; i++) squares += (candidates[i]!.signals.inFlight - mean) ** 2
  return candidates.length > 1 ? Math.sqrt(squares / (candidates.length - 1)) : 0
}

/**
 * The longest prefix match among endpoints that are not busier than most:
 *
 * 1. Most minus fewest requests above 8: only the endpoints with the fewest requests are looked at.
 * 2. Of those, the longest match in whole percent, then the fewest requests, among endpoints whose requests are at most
 *    the mean plus one standard deviation.
 * 3. None of them has a match: the fewest requests.
 *
 * Equal ones at random. The cost puts that order into one number: percent missed, then requests in flight; endpoints
 * that do not qualify follow.
 *
 * Source: the `prefix-cache` router of AIBrix and its defaults. Its later versions test the imbalance as a gap of at
 * least 8 together with a maximum above twice the mean plus one.
 */
export default definePolicy({
  type: 'aibrix-prefix-cache',
  summary: 'Longest prefix match among endpoints within one standard deviation of the mean load',
  options: z.strictObject({
    maxSpread: z
      .number()
      .nonnegative()
      .default(8)
      .describe('Requests between the most and the least loaded endpoint above which only the least loaded count'),
    deviations: z
      .number()
      .nonnegative()
      .default(1)
      .describe('Standard deviations above the mean up to which an endpoint may be taken for its match'),
  }),
  reads: ['inFlight', 'matchedTokens'],
  reasons: ['cached', 'not-cached', 'imbalanced-cached', 'imbalanced'],
  unit: 'rank',
  terms: ['in-flight', 'percent-missed', 'not-qualified'],
  ties: 'random',
  create({ maxSpread, deviations }) {
    return {
      rank({ promptTokens }, candidates, ranking) {
        const count = candidates.length
        let total = 0
        let most = 0
        let fewest = Number.POSITIVE_INFINITY
        for (let i = 0; i < count; i++) {
          const { inFlight } = candidates[i]!.signals
          total += inFlight
          most = Math.max(most, inFlight)
          fewest = Math.min(fewest, inFlight)
        }
        const mean = total / count
        const isImbalanced = most - fewest > maxSpread
        const limit = isImbalanced ? fewest : mean + deviations * deviationOf(candidates, mean)
        const step = most + 1
        let matches = 0
        for (let i = 0; i < count; i++) {
          const { inFlight, matchedTokens } = candidates[i]!.signals
          const percent = promptTokens > 0 ? Math.min(100, Math.floor((100 * matchedTokens) / promptTokens)) : 0
          const qualifies = matchedTokens > 0 && inFlight <= limit
          if (qualifies) matches += 1
          const missed = qualifies ? (100 - percent) * step : 0
          const behind = qualifies ? 0 : 101 * step
          ranking.term(0, i, inFlight)
          ranking.term(1, i, missed)
          ranking.term(2, i, behind)
          ranking.cost[i] = inFlight + missed + behind
        }
        if (isImbalanced) ranking.reason = matches > 0 ? 'imbalanced-cached' : 'imbalanced'
        else ranking.reason = matches > 0 ? 'cached' : 'not-cached'
      },
    }
  },
})
