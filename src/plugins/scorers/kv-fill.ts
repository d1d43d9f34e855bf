import { defineScorer, z } from '../../core/plugin.ts'

/**
 * The free share of the KV cache. A full cache is the normal state of an engine that keeps prefixes, so give this a small
 * weight: it draws requests away from warm endpoints.
 *
 * Source: llm-d's KV-cache-utilization scorer.
 */
export default defineScorer({
  type: 'kv-fill',
  summary: 'Emptier KV caches score higher',
  options: z.strictObject({}),
  reads: ['kvFill'],
  create() {
    return (_request, { signals }) => 1 - signals.kvFill
  },
})
