import { defineScorer, z } from '../../core/plugin.ts'

/**
 * Falls from 1 to 0 with the tokens in flight at the endpoint, this request's uncached prompt tokens included.
 *
 * Source: llm-d's token-load scorer and its threshold of 4,194,304 tokens. There, the tokens of a request leave the sum
 * with its first streamed chunk; here they stay until the request ends, because they occupy KV cache until then.
 */
export default defineScorer({
  type: 'in-flight-tokens',
  summary: 'Fewer prompt and output tokens in flight score higher',
  options: z.strictObject({
    saturationTokens: z
      .number()
      .positive()
      .default(4_194_304)
      .describe('Tokens in flight at which the score reaches 0'),
  }),
  reads: ['inFlightTokens', 'matchedTokens'],
  create({ saturationTokens }) {
    return ({ promptTokens }, { signals }) => {
      const tokens = signals.inFlightTokens + Math.max(0, promptTokens - signals.matchedTokens)
      return 1 - Math.min(tokens, saturationTokens) / saturationTokens
    }
  },
})
