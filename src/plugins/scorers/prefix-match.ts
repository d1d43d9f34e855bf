import { defineScorer, z } from '../../core/plugin.ts'

/**
 * The share of the prompt that the endpoint holds. With `lengthWeight` above 0, the length of the match counts too:
 * `lengthWeight * min(1, matched / lengthScaleTokens)^2 + (1 - lengthWeight) * matched / prompt`, so that a long match
 * weighs more than a short one with the same share.
 *
 * Source: llm-d's prefix-cache scorer.
 */
export default defineScorer({
  type: 'prefix-match',
  summary: 'Share of the prompt that the endpoint holds in its KV cache',
  options: z.strictObject({
    lengthWeight: z.number().min(0).max(1).default(0).describe('Weight of the length of the match against its share'),
    lengthScaleTokens: z.number().positive().default(8192).describe('Matched tokens at which the length counts fully'),
  }),
  reads: ['matchedTokens'],
  create({ lengthWeight, lengthScaleTokens }) {
    return ({ promptTokens }, { signals: { matchedTokens } }) => {
      const share = promptTokens > 0 ? Math.min(1, matchedTokens / promptTokens) : 0
      const length = Math.min(1, matchedTokens / lengthScaleTokens)
      return lengthWeight * length * length + (1 - lengthWeight) * share
    }
  },
})
