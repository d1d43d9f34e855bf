import { expect, test } from 'vitest'
import { candidate, candidates } from '../testing/candidate.ts'
import { testServices, verdictOf } from '../testing/rank-of.ts'
import { createRandomSource } from '../testing/random-source.ts'
import { request } from '../testing/request.ts'
import powerOfTwo from './power-of-two.ts'

test('draws endpoints 0 and 2, takes the less loaded, and puts the rest behind both', () => {
  const draws = [0, 0.4]
  const policy = powerOfTwo.instantiate(
    {},
    testServices(() => draws.shift() ?? 0),
  )
  const endpoints = candidates({ inFlight: 5 }, { inFlight: 0 }, { inFlight: 3 }, { inFlight: 1 })
  // The second draw is among the other three: floor(0.4 * 3) = 1, which is endpoint 2.
  expect(verdictOf(powerOfTwo, policy, request(), endpoints)).toMatchObject({
    costs: [5, 6 + 0, 3, 6 + 1],
    best: ['engine-2'],
    reason: 'less-loaded-of-two',
  })
})

test('a single endpoint is taken', () => {
  const policy = powerOfTwo.instantiate({}, testServices())
  expect(verdictOf(powerOfTwo, policy, request(), [candidate({ inFlight: 4 })]).costs).toEqual([4])
})

test('every pair is drawn equally often', () => {
  const policy = powerOfTwo.instantiate({}, testServices(createRandomSource(7).random))
  const endpoints = candidates({}, {}, {}, {})
  const pairs = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const pair = verdictOf(powerOfTwo, policy, request(), endpoints).best.join()
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  // 1000 expected for each of the six pairs, standard deviation about 29
  expect(pairs.size).toBe(6)
  expect(Math.min(...pairs.values())).toBeGreaterThan(870)
})
