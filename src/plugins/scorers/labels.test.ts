import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import labels from './labels.ts'

test('1 where the labels match, otherwise what the option says', () => {
  const endpoints = candidates({ labels: { zone: 'a' } }, { labels: { zone: 'b' } }, {})
  expect(scoresOf(labels, { matchLabels: { zone: 'a' } }, request(), endpoints)).toEqual([1, 0, 0])
  expect(scoresOf(labels, { matchLabels: { zone: 'a' }, otherwise: 0.3 }, request(), endpoints)).toEqual([1, 0.3, 0.3])
})
