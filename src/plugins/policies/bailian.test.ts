import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { createRandomSource } from '../testing/random-source.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import bailian from './bailian.ts'

const asked = request({ promptTokens: 1000 })
const ENDPOINTS = candidates(
  { matchedTokens: 800, inFlight: 8, inFlightTokens: 10_000 },
  { matchedTokens: 400, inFlight: 2, inFlightTokens: 5000 },
  { matchedTokens: 0, inFlight: 0, inFlightTokens: 0 },
)

test('each part is stretched over the candidates and weighed 0.7 : 0.15 : 0.15', () => {
  const { costs, best, reason } = rankOf(bailian, { pick: 'best' }, asked, ENDPOINTS)
  expect(costs[0]).toBeCloseTo(-(0.7 * 1 + 0 + 0), 12)
  expect(costs[1]).toBeCloseTo(-(0.7 * 0.5 + 0.15 * 0.75 + 0.15 * 0.5), 12)
  expect(costs[2]).toBeCloseTo(-(0 + 0.15 + 0.15), 12)
  expect([best, reason]).toEqual([['engine-0'], 'best-score'])
})

test('the weights for API calls spread more', () => {
  const options = { alpha: 0.3, beta: 0.35, gamma: 0.35, pick: 'best' }
  expect(rankOf(bailian, options, asked, ENDPOINTS).best).toEqual(['engine-2'])
})

test('a part in which all are equal counts for nobody', () => {
  const endpoints = candidates({ matchedTokens: 800, inFlight: 3 }, { inFlight: 3 })
  expect(rankOf(bailian, { pick: 'best' }, asked, endpoints).costs).toEqual([-0.7, -0])
})

/** How often each endpoint wins in 6000 draws. */
function winsOf(endpoints: typeof ENDPOINTS): readonly number[] {
  const policy = bailian.instantiate({}, testServices(createRandomSource(5).random))
  const wins = endpoints.map(() => 0)
  for (let i = 0; i < 6000; i++) {
    const { best } = verdictOf(bailian, policy, asked, endpoints)
    expect(best.length).toBe(1)
    const winner = endpoints.findIndex(({ id }) => id === best[0])
    wins[winner] = (wins[winner] ?? 0) + 1
  }
  return wins
}

test('endpoints are drawn in proportion to their scores', () => {
  const scores = [0.7, 0.5375, 0.3]
  // Standard deviation at most 39.
  for (const [i, wins] of winsOf(ENDPOINTS).entries()) {
    expect(Math.abs(wins - (6000 * (scores[i] ?? 0)) / 1.5375)).toBeLessThan(150)
  }
})

test('one warm endpoint of an idle pool is always drawn; of equal ones, anyone', () => {
  expect(winsOf(candidates({}, { matchedTokens: 32 }, {}))).toEqual([0, 6000, 0])
  for (const wins of winsOf(candidates({}, {}, {}))) expect(Math.abs(wins - 2000)).toBeLessThan(150)
})
