import { definePolicy, z } from '../../core/plugin.ts'

/** The barrier is infinite at 1. */
const MAX_KV_USE = 0.999

/**
 * Time to drain the queue plus a barrier before a full KV cache: `queuedTokens / throughput + 0.15 * k / (1 - k)`, with
 * `k` the KV use, at most 0.999. It never looks at what is cached for the request at hand.
 *
 * Source: `least_load` of the SGLang Model Gateway (SMG). There, queued tokens are the engine's last report plus the
 * prompts dispatched since, as if they were all uncached; here they are the uncached tokens left right now, so nothing
 * has to be added between reports. The throughput there is the engine's generation speed and 2000 tokens/s where it
 * reports none; no engine reports here, so that is an option. KV use here is the tokens of all requests in flight over
 * the KV capacity.
 */
export default definePolicy({
  type: 'smg-least-load',
  summary: 'Shortest time to drain the queued tokens, away from full KV caches',
  options: z.strictObject({
    tokensPerSecond: z.number().positive().default(2000).describe('Speed at which an endpoint drains queued tokens'),
    kvWeightSeconds: z
      .number()
      .nonnegative()
      .default(0.15)
      .describe('Seconds that a half full KV cache costs; the barrier grows as k / (1 - k)'),
  }),
  reads: ['queuedTokens', 'inFlightTokens'],
  reasons: ['least-load'],
  unit: 'seconds',
  terms: ['drain', 'kv-pressure'],
  ties: 'random',
  create({ tokensPerSecond, kvWeightSeconds }) {
    return {
      rank(_request, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) {
          const { signals, kvTokens } = candidates[i]!
          const kvUse = Math.min(MAX_KV_USE, signals.inFlightTokens / kvTokens)
          const drain = signals.queuedTokens / tokensPerSecond
          const pressure = (kvWeightSeconds * kvUse) / (1 - kvUse)
          ranking.term(0, i, drain)
          ranking.term(1, i, pressure)
          ranking.cost[i] = drain + pressure
        }
      },
    }
  },
})
