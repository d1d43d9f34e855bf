import { defineScorer, z } from '../../core/plugin.ts'
import { createLabelTest, labelSelectorFields } from '../label-selector.ts'

/** A preference for endpoints with certain labels: 1 for those that match the selector, `otherwise` for the rest. */
export default defineScorer({
  type: 'labels',
  summary: 'Prefers endpoints whose labels match',
  options: z.strictObject({
    ...labelSelectorFields,
    otherwise: z.number().min(0).max(1).default(0).describe('Score of an endpoint that does not match'),
  }),
  reads: [],
  create({ otherwise, ...selector }) {
    const matches = createLabelTest(selector)
    return (_request, { labels }) => (matches(labels) ? 1 : otherwise)
  },
})
