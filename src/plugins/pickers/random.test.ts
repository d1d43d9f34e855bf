import { expect, test } from 'vitest'
import { picksOf } from '../testing/picks-of.ts'
import random from './random.ts'

test('every endpoint wins equally often, whatever its score', () => {
  // 2500 expected, standard deviation about 43
  for (const wins of picksOf(random, [0, 0.1, 0.9, 1], 10_000)) {
    expect(wins).toBeGreaterThan(2330)
    expect(wins).toBeLessThan(2670)
  }
})
