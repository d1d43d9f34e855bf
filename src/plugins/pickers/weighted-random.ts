import { definePicker, z } from '../../core/plugin.ts'

/** Stands in for a score of 0, so that such an endpoint is a last resort instead of excluded. */
const LEAST_SCORE = 1e-9

/**
 * Every endpoint with a chance in proportion to its score; when all scores are 0, with the same chance. Each draws an
 * exponentially distributed time with its score as the rate, and the first wins.
 *
 * Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006), as in llm-d's weighted-random picker.
 */
export default definePicker({
  type: 'weighted-random',
  summary: 'Every endpoint with a chance in proportion to its score',
  options: z.strictObject({}),
  create(_options, services) {
    return (scores, count, cost) => {
      // 1 minus the draw lies in (0, 1], where the logarithm is finite.
      for (let i = 0; i < count; i++) cost[i] = -Math.log(1 - services.random()) / Math.max(scores[i]!, LEAST_SCORE)
    }
  },
})
