import { definePicker, z } from '../../core/plugin.ts'

/**
 * The highest score wins; the cost is what is missing to a perfect score of 1.
 *
 * Source: llm-d's max-score picker.
 */
export default definePicker({
  type: 'max-score',
  summary: 'The highest score wins',
  options: z.strictObject({}),
  create() {
    return (scores, count, cost) => {
      for (let i = 0; i < count; i++) cost[i] = 1 - scores[i]!
    }
  },
})
