import { definePolicy, z } from '../../core/plugin.ts'

/**
 * Prefill work times batch size: the prompt tokens the endpoint would have to compute, this request's uncached ones
 * included, times the requests it would then have: `(queuedTokens + uncached) * (inFlight + 1)`. A product needs no scale
 * between its factors, so there is no knob. A fully cached prompt counts as one token: the engine always computes the
 * last one, and a zero would hide the load. Equal ones: fewest requests, then in turn.
 *
 * Source: LMetric, arXiv 2603.15202, in its full form; restatements that leave the queued tokens out do markedly worse.
 * Its hotspot detector is not part of this policy.
 */
export default definePolicy({
  type: 'lmetric',
  summary: 'Prefill tokens left to compute times requests in flight, this request included',
  options: z.strictObject({}),
  reads: ['queuedTokens', 'matchedTokens', 'inFlight'],
  reasons: ['least-product'],
  unit: 'score',
  terms: ['prefill-tokens', 'batch'],
  create() {
    return {
      rank({ promptTokens }, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) {
          const { queuedTokens, matchedTokens, inFlight } = candidates[i]!.signals
          const tokens = queuedTokens + Math.max(1, promptTokens - matchedTokens)
          ranking.term(0, i, tokens)
          ranking.term(1, i, inFlight + 1)
          ranking.cost[i] = tokens * (inFlight + 1)
        }
      },
    }
  },
})
