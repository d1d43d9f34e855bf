import { z } from '../core/plugin.ts'

const setExpression = z.strictObject({
  key: z.string().describe('Label name'),
  operator: z.enum(['In', 'NotIn']).describe('Whether the value must or must not be listed'),
  values: z.array(z.string()).min(1).describe('Values to compare with'),
})
const presenceExpression = z.strictObject({
  key: z.string().describe('Label name'),
  operator: z.enum(['Exists', 'DoesNotExist']).describe('Whether the label must or must not be there'),
})
const expression = z.discriminatedUnion('operator', [setExpression, presenceExpression])

/** The fields of a label selector, as Kubernetes has them; an empty selector matches every endpoint. */
export const labelSelectorFields = {
  matchLabels: z.record(z.string(), z.string()).default({}).describe('Labels that must have exactly these values'),
  matchExpressions: z.array(expression).default([]).describe('Further conditions, all of which must hold'),
}

export const labelSelector = z.strictObject(labelSelectorFields)

export type LabelSelector = z.output<typeof labelSelector>
export type Labels = Readonly<Record<string, string>>

/** As Kubernetes does it, an absent label satisfies `NotIn`. */
function holds(condition: z.output<typeof expression>, value: string | undefined): boolean {
  if (!('values' in condition)) return (value !== undefined) === (condition.operator === 'Exists')
  const listed = value !== undefined && condition.values.includes(value)
  return condition.operator === 'In' ? listed : !listed
}

/** Compiles a selector into a test of an endpoint's labels. */
export function createLabelTest({ matchLabels, matchExpressions }: LabelSelector): (labels: Labels) => boolean {
  const exact = Object.entries(matchLabels)
  return (labels) => {
    for (const [key, value] of exact) if (labels[key] !== value) return false
    for (const condition of matchExpressions) if (!holds(condition, labels[condition.key])) return false
    return true
  }
}
