import { expect, test } from 'vitest'
import { testServices } from '../testing/rank-of.ts'
import maxScore from './max-score.ts'

test('the cost is what is missing to 1', () => {
  const cost = new Float64Array(3)
  maxScore.instantiate({}, testServices())(Float64Array.of(0.25, 1, 0), 3, cost)
  expect([...cost]).toEqual([0.75, 0, 1])
})
