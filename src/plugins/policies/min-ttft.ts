import { definePolicy, z } from '../../core/plugin.ts'
import { prefillSeconds } from '../../core/rates.ts'

/**
 * The shortest predicted time to first token: the seconds of prefill work already sent to the endpoint plus the seconds
 * of this prompt's uncached part there, by the endpoint's own rates (attention to the cached part included).
 *
 * Source: the Conductor of Mooncake, FAST'25, algorithm 1, which predicts both from the lengths of prompt and cached
 * prefix. Its other branch, fetching the missing part of the KV cache from the endpoint that holds most of it, is left
 * out: there is no transfer here. Nor does it refuse requests whose prediction breaks an objective.
 */
export default definePolicy({
  type: 'min-ttft',
  summary: 'Shortest predicted time to first token: prefill seconds ahead plus own uncached prefill',
  options: z.strictObject({}),
  reads: ['queuedSeconds', 'matchedTokens'],
  reasons: ['least-ttft'],
  unit: 'seconds',
  terms: ['queue', 'prefill'],
  create() {
    return {
      rank({ promptTokens }, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) {
          const { signals, rates } = candidates[i]!
          const prefill = prefillSeconds(
            rates,
            Math.max(0, promptTokens - signals.matchedTokens),
            signals.matchedTokens,
          )
          ranking.term(0, i, signals.queuedSeconds)
          ranking.term(1, i, prefill)
          ranking.cost[i] = signals.queuedSeconds + prefill
        }
      },
    }
  },
})
