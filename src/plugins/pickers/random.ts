import { definePicker, z } from '../../core/plugin.ts'

/**
 * Every endpoint with the same chance, whatever its score: spreads over what the filters keep.
 *
 * Source: llm-d's random picker.
 */
export default definePicker({
  type: 'random',
  summary: 'Every endpoint with the same chance',
  options: z.strictObject({}),
  create(_options, services) {
    return (_scores, count, cost) => {
      for (let i = 0; i < count; i++) cost[i] = services.random()
    }
  },
})
