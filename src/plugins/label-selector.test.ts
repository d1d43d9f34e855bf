import { expect, test } from 'vitest'
import { createLabelTest, labelSelector } from './label-selector.ts'

function matches(selector: unknown, labels: Record<string, string>): boolean {
  return createLabelTest(labelSelector.parse(selector))(labels)
}

test('an empty selector matches everything', () => {
  expect(matches({}, {})).toBe(true)
})

test('every label must match exactly', () => {
  const selector = { matchLabels: { size: 'large', zone: 'a' } }
  expect(matches(selector, { size: 'large', zone: 'a', extra: '1' })).toBe(true)
  expect(matches(selector, { size: 'large' })).toBe(false)
  expect(matches(selector, { size: 'large', zone: 'b' })).toBe(false)
})

test.each([
  ['In', { size: 'large' }, true],
  ['In', { size: 'tiny' }, false],
  ['In', {}, false],
  ['NotIn', { size: 'large' }, false],
  ['NotIn', { size: 'tiny' }, true],
  ['NotIn', {}, true],
])('%s with %o is %s', (operator, labels, expected) => {
  expect(matches({ matchExpressions: [{ key: 'size', operator, values: ['small', 'large'] }] }, labels)).toBe(expected)
})

test.each([
  ['Exists', { gpu: '' }, true],
  ['Exists', {}, false],
  ['DoesNotExist', { gpu: 'h100' }, false],
  ['DoesNotExist', {}, true],
])('%s with %o is %s', (operator, labels, expected) => {
  expect(matches({ matchExpressions: [{ key: 'gpu', operator }] }, labels)).toBe(expected)
})

test('conditions add up', () => {
  const selector = { matchLabels: { size: 'large' }, matchExpressions: [{ key: 'drain', operator: 'DoesNotExist' }] }
  expect(matches(selector, { size: 'large' })).toBe(true)
  expect(matches(selector, { size: 'large', drain: 'yes' })).toBe(false)
})
