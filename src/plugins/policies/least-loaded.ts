import { definePolicy, z } from '../../core/plugin.ts'

/**
 * The endpoint with the fewest requests in flight; equal ones in turn.
 *
 * Source: `leastloaded` of llm-cache-router, which takes equal ones in the order of its list and so sends every request
 * of an idle pool to the first.
 */
export default definePolicy({
  type: 'least-loaded',
  summary: 'Fewest requests in flight',
  options: z.strictObject({}),
  reads: ['inFlight'],
  reasons: ['least-loaded'],
  unit: 'requests',
  create() {
    return {
      rank(_request, candidates, ranking) {
        for (let i = 0; i < candidates.length; i++) ranking.cost[i] = candidates[i]!.signals.inFlight
      },
    }
  },
})
