import type { Candidate } from '../../core/endpoint.ts'
import { defineScorer, z } from '../../core/plugin.ts'
import { oncePerDecision } from '../once-per-decision.ts'

/**
 * Requests in flight, relative to the busiest candidate: `maxBusyScore * (max - inFlight) / max`. An endpoint with no
 * more than `idleThreshold` requests scores 1.
 *
 * Source: llm-d's active-request scorer.
 */
export default defineScorer({
  type: 'in-flight',
  summary: 'Fewer requests in flight score higher, relative to the busiest endpoint',
  options: z.strictObject({
    idleThreshold: z.number().nonnegative().default(0).describe('Requests up to which an endpoint counts as idle'),
    maxBusyScore: z.number().min(0).max(1).default(1).describe('Highest score of an endpoint that is not idle'),
  }),
  reads: ['inFlight'],
  create({ idleThreshold, maxBusyScore }) {
    const busiest = oncePerDecision((_request, candidates: readonly Candidate<'inFlight'>[]) => {
      let most = 0
      for (let i = 0; i < candidates.length; i++) most = Math.max(most, candidates[i]!.signals.inFlight)
      return most
    })
    return (request, endpoint, candidates) => {
      const most = busiest(request, endpoint, candidates)
      const { inFlight } = endpoint.signals
      return inFlight <= idleThreshold ? 1 : (maxBusyScore * (most - inFlight)) / most
    }
  },
})
