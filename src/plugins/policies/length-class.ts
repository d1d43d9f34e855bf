import { definePolicy, z } from '../../core/plugin.ts'
import { createLabelTest, labelSelector } from '../label-selector.ts'

const lengthClass = z.strictObject({
  upToBytes: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe('Longest prompt of the class, in bytes; none for no limit'),
  endpoints: labelSelector.describe('The endpoints that serve the class'),
})

const bySize = (size: string) => ({ matchLabels: { size }, matchExpressions: [] })

/**
 * Short prompts to one group of endpoints, long ones to another; inside a group the least loaded. The first class that
 * takes the prompt's length counts. When none of its endpoints is a candidate, all candidates are ranked by load; when
 * some are, the others follow behind them.
 *
 * Lengths are in bytes of the prompt's text, which for English are characters.
 *
 * Source: mini-llm-d, where a prompt of more than 100 characters goes to the large endpoint, any other to the small one.
 */
export default definePolicy({
  type: 'length-class',
  summary: 'Short prompts to one group of endpoints, long ones to another',
  options: z.strictObject({
    classes: z
      .array(lengthClass)
      .min(1)
      .default([{ upToBytes: 100, endpoints: bySize('small') }, { endpoints: bySize('large') }])
      .describe('Classes from short to long'),
  }),
  reads: ['inFlight'],
  reasons: ['length-class', 'no-endpoint-of-class'],
  unit: 'requests',
  terms: ['in-flight', 'outside-class'],
  create({ classes }) {
    const compiled = classes.map(({ upToBytes = Number.POSITIVE_INFINITY, endpoints }) => ({
      upToBytes,
      takes: createLabelTest(endpoints),
    }))
    const takesNone = () => false
    return {
      rank(request, candidates, ranking) {
        const takes = compiled.find(({ upToBytes }) => request.promptBytes <= upToBytes)?.takes ?? takesNone
        let behind = 0
        let members = 0
        for (let i = 0; i < candidates.length; i++) {
          const inside = takes(candidates[i]!.labels)
          ranking.term(1, i, inside ? 0 : 1)
          if (!inside) continue
          members++
          behind = Math.max(behind, 1 + candidates[i]!.signals.inFlight)
        }
        if (members === 0) ranking.reason = 'no-endpoint-of-class'
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight } = candidates[i]!.signals
          const outside = behind * ranking.terms[candidates.length + i]!
          ranking.term(0, i, inFlight)
          ranking.term(1, i, outside)
          ranking.cost[i] = inFlight + outside
        }
      },
    }
  },
})
