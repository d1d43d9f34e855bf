import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { keptBy } from '../testing/scores-of.ts'
import byLabel from './by-label.ts'

const endpoints = candidates({ labels: { size: 'large' } }, { labels: { size: 'small', gpu: 'l4' } }, {})

test.each([
  [{}, ['engine-0', 'engine-1', 'engine-2']],
  [{ matchLabels: { size: 'large' } }, ['engine-0']],
  [{ matchExpressions: [{ key: 'size', operator: 'In', values: ['large', 'small'] }] }, ['engine-0', 'engine-1']],
  [{ matchExpressions: [{ key: 'size', operator: 'NotIn', values: ['small'] }] }, ['engine-0', 'engine-2']],
  [{ matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }, ['engine-1']],
])('%j keeps %j', (options, kept) => {
  expect(keptBy(byLabel, options, request(), endpoints)).toEqual(kept)
})

test('an expression without values is refused', () => {
  const options = { matchExpressions: [{ key: 'size', operator: 'In', values: [] }] }
  expect(() => keptBy(byLabel, options, request(), endpoints)).toThrow('values')
})
