import { defineFilter, z } from '../../core/plugin.ts'
import { createLabelTest, labelSelectorFields } from '../label-selector.ts'

/**
 * Keeps the endpoints whose labels match a selector, with the meaning that Kubernetes gives it.
 *
 * Source: llm-d's label-selector filter.
 */
export default defineFilter({
  type: 'by-label',
  summary: 'Keeps endpoints whose labels match',
  options: z.strictObject(labelSelectorFields),
  reads: [],
  create(selector) {
    const matches = createLabelTest(selector)
    return (_request, { labels }) => matches(labels)
  },
})
