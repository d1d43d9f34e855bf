import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import hitBonus from './hit-bonus.ts'

const asked = request({ promptTokens: 1000 })

test('a hit is worth ten requests in flight', () => {
  const verdictAt = (inFlight: number) =>
    rankOf(hitBonus, {}, asked, candidates({ matchedTokens: 800, inFlight }, { inFlight: 0 }))
  expect(verdictAt(9)).toMatchObject({ costs: [-10, 0], best: ['engine-0'], reason: 'cached' })
  expect(verdictAt(10)).toMatchObject({ costs: [0, 0], best: ['engine-0', 'engine-1'], reason: 'cached-or-idle' })
  expect(verdictAt(11)).toMatchObject({ costs: [10, 0], best: ['engine-1'], reason: 'outweighed-by-load' })
})

test('cached means half of the prompt unless said otherwise', () => {
  const half = candidates({ matchedTokens: 500 }, { matchedTokens: 499 })
  expect(rankOf(hitBonus, {}, asked, half).costs).toEqual([-100, 0])
  expect(rankOf(hitBonus, { minShare: 0.4 }, asked, half).costs).toEqual([-100, -100])
  expect(rankOf(hitBonus, { minShare: 0, minTokens: 600 }, asked, half)).toMatchObject({
    costs: [0, 0],
    reason: 'not-cached',
  })
})

test('bonus and penalty are options', () => {
  const endpoints = candidates({ matchedTokens: 900, inFlight: 2 }, { inFlight: 1 })
  expect(rankOf(hitBonus, { bonus: 5, penalty: 7 }, asked, endpoints).terms).toEqual({ bonus: [-5, 0], load: [14, 7] })
})
