import { definePolicy, z } from '../../core/plugin.ts'

/**
 * Any endpoint, each with the same chance: all cost the same, and equal costs are separated at random.
 *
 * Source: the `random` baseline of llm-cache-router.
 */
export default definePolicy({
  type: 'random',
  summary: 'Any endpoint, each with the same chance',
  options: z.strictObject({}),
  reads: [],
  reasons: ['random'],
  unit: 'rank',
  ties: 'random',
  create() {
    return {
      // The ranking comes with all costs zero.
      rank() {},
    }
  },
})
