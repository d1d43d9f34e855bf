import { definePolicy, z } from '../../core/plugin.ts'

/**
 * Join the shortest queue, as vLLM counts it: `4 * waiting + running`. It needs counts only and sees neither how long
 * prompts are nor what is cached. Equal ones at random.
 *
 * Source: the load balancer in front of vLLM's data-parallel engines, which knows both counts from the engines. Here, a
 * request waits until its first token is seen and runs from then on; one whose answer is not streamed counts as waiting
 * to its end.
 */
export default definePolicy({
  type: 'vllm-jsq',
  summary: 'Shortest queue: four times the waiting requests plus the running ones',
  options: z.strictObject({
    waitingWeight: z.number().nonnegative().default(4).describe('Running requests that one waiting request counts as'),
  }),
  reads: ['inFlight', 'decoding'],
  reasons: ['shortest-queue'],
  unit: 'requests',
  terms: ['waiting', 'running'],
  ties: 'random',
  create({ waitingWeight }) {
    return {
      rank(_request, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight, decoding } = candidates[i]!.signals
          const waiting = waitingWeight * Math.max(0, inFlight - decoding)
          ranking.term(0, i, waiting)
          ranking.term(1, i, decoding)
          ranking.cost[i] = waiting + decoding
        }
      },
    }
  },
})
