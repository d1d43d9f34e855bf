import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import inFlight from './in-flight.ts'

test('relative to the busiest endpoint', () => {
  const endpoints = candidates({ inFlight: 0 }, { inFlight: 3 }, { inFlight: 12 })
  expect(scoresOf(inFlight, {}, request(), endpoints)).toEqual([1, 0.75, 0])
})

test('idle endpoints score 1, busy ones at most the given score', () => {
  const endpoints = candidates({ inFlight: 2 }, { inFlight: 3 }, { inFlight: 12 })
  expect(scoresOf(inFlight, { idleThreshold: 2, maxBusyScore: 0.4 }, request(), endpoints)).toEqual([
    1,
    (0.4 * 9) / 12,
    0,
  ])
})

test('all idle score 1', () => {
  expect(scoresOf(inFlight, {}, request(), candidates({}, {}))).toEqual([1, 1])
})
