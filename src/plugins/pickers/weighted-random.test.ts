import { expect, test } from 'vitest'
import { picksOf } from '../testing/picks-of.ts'
import { testServices } from '../testing/rank-of.ts'
import weightedRandom from './weighted-random.ts'

test('an endpoint wins in proportion to its score', () => {
  const [none, one, three] = picksOf(weightedRandom, [0, 0.2, 0.6], 10_000)
  expect(none).toBe(0)
  // 2500 and 7500 expected, standard deviation about 43
  expect(Math.abs((one ?? 0) - 2500)).toBeLessThan(170)
  expect(Math.abs((three ?? 0) - 7500)).toBeLessThan(170)
})

test('when all scores are 0, every endpoint wins equally often', () => {
  for (const wins of picksOf(weightedRandom, [0, 0], 10_000)) expect(Math.abs(wins - 5000)).toBeLessThan(200)
})

test('the ends of the range of draws give finite costs', () => {
  for (const draw of [0, 1 - 2 ** -53]) {
    const cost = new Float64Array(2)
    weightedRandom.instantiate(
      {},
      testServices(() => draw),
    )(Float64Array.of(0, 1), 2, cost)
    expect([...cost].every(Number.isFinite)).toBe(true)
  }
})
