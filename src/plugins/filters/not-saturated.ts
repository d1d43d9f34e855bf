import { defineFilter, z } from '../../core/plugin.ts'

/**
 * Keeps the endpoints below both limits. The default of `maxInFlight` is the batch size at which vLLM begins to queue
 * (`--max-num-seqs` 256).
 *
 * Source: llm-d's utilization filter.
 */
export default defineFilter({
  type: 'not-saturated',
  summary: 'Keeps endpoints below limits on their load',
  options: z.strictObject({
    maxInFlight: z.number().positive().default(256).describe('Requests in flight at which an endpoint is dropped'),
    maxQueuedTokens: z
      .number()
      .positive()
      .optional()
      .describe('Prompt tokens left to compute at which an endpoint is dropped; none for no limit'),
  }),
  reads: ['inFlight', 'queuedTokens'],
  create({ maxInFlight, maxQueuedTokens = Number.POSITIVE_INFINITY }) {
    return (_request, { signals }) => signals.inFlight < maxInFlight && signals.queuedTokens < maxQueuedTokens
  },
})
