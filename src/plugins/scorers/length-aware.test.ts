import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import lengthAware from './length-aware.ts'

const ranges = ['0-2000', '0-10000', '5000-10000', 'all', '9-3']
const endpoints = candidates(...ranges.map((range) => ({ labels: { length: range } })), {})

test('narrow fitting ranges score highest, others fall with the distance, unreadable ones are neutral', () => {
  const scores = scoresOf(lengthAware, { label: 'length' }, request({ promptTokens: 1000 }), endpoints)
  expect(scores[0]).toBeCloseTo(0.3 + 0.7 * (0.7 / 1.2 + 0.3 * 0.5), 12)
  expect(scores[1]).toBeCloseTo(0.3 + 0.7 * (0.7 / 2 + 0.3 * 0.9), 12)
  expect(scores[2]).toBeCloseTo(0.3 / (1 + 4), 12)
  expect(scores.slice(3)).toEqual([0.5, 0.5, 0.5])
})

test('above the range the distance counts too, and a range of one length has full headroom', () => {
  const options = { label: 'length' }
  expect(scoresOf(lengthAware, options, request({ promptTokens: 3000 }), endpoints)[0]).toBeCloseTo(0.15, 12)
  const point = candidates({ labels: { length: '500-500' } })
  expect(scoresOf(lengthAware, options, request({ promptTokens: 500 }), point)[0]).toBeCloseTo(1, 12)
})
