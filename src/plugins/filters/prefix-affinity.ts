import type { Candidate } from '../../core/endpoint.ts'
import { defineFilter, z } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { oncePerDecision } from '../once-per-decision.ts'

type Endpoint = Candidate<'matchedTokens' | 'queuedSeconds'>

/**
 * Sticky until saturated: keeps the endpoints that hold at least `minShare` of the prompt, unless the shortest queue among
 * them is more than `maxPenaltySeconds` longer than the shortest queue elsewhere. Keeps all when none holds that much.
 *
 * Source: llm-d's prefix-cache-affinity filter with its defaults of 0.8 and 18 s. There, a queue is tokens divided by one
 * configured speed for all endpoints; here, seconds by each endpoint's own rates. For chat under open-loop load 18 s is
 * far too sticky: measure with a smaller penalty.
 */
export default defineFilter({
  type: 'prefix-affinity',
  summary: 'Keeps endpoints that hold most of the prompt until their queue is too long',
  options: z.strictObject({
    minShare: z
      .number()
      .positive()
      .max(1)
      .default(0.8)
      .describe('Share of the prompt an endpoint must hold to be kept'),
    maxPenaltySeconds: z
      .number()
      .nonnegative()
      .default(18)
      .describe('Longer wait, in seconds, that a prefix match is worth'),
  }),
  reads: ['matchedTokens', 'queuedSeconds'],
  create({ minShare, maxPenaltySeconds }) {
    const isSticky = ({ promptTokens }: SchedulingRequest, { signals }: Endpoint) =>
      promptTokens > 0 && signals.matchedTokens >= minShare * promptTokens

    const keepsSticky = oncePerDecision((request, candidates: readonly Endpoint[]) => {
      let sticky = Number.POSITIVE_INFINITY
      let elsewhere = Number.POSITIVE_INFINITY
      for (const endpoint of candidates) {
        const { queuedSeconds } = endpoint.signals
        if (isSticky(request, endpoint)) sticky = Math.min(sticky, queuedSeconds)
        else elsewhere = Math.min(elsewhere, queuedSeconds)
      }
      return sticky <= elsewhere + maxPenaltySeconds && sticky < Number.POSITIVE_INFINITY
    })

    return (request, endpoint, candidates) => !keepsSticky(request, endpoint, candidates) || isSticky(request, endpoint)
  },
})
