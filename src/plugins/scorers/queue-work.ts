import { defineScorer, z } from '../../core/plugin.ts'

/**
 * Falls from 1 to 0 with the prompt tokens the endpoint still has to compute.
 *
 * Source: the shape of llm-d's token-load scorer; the default is eight prefill chunks of 8192 tokens, about four seconds
 * of work at 16,000 tokens per second.
 */
export default defineScorer({
  type: 'queue-work',
  summary: 'Fewer prompt tokens left to compute score higher',
  options: z.strictObject({
    saturationTokens: z.number().positive().default(65_536).describe('Queued tokens at which the score reaches 0'),
  }),
  reads: ['queuedTokens'],
  create({ saturationTokens }) {
    return (_request, { signals }) => 1 - Math.min(signals.queuedTokens, saturationTokens) / saturationTokens
  },
})
