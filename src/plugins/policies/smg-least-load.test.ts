import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import smgLeastLoad from './smg-least-load.ts'

test('seconds to drain plus the barrier before a full cache', () => {
  // 100,000 tokens fit: half full costs 0.15 s, as much as 300 queued tokens at 2000 per second.
  const endpoints = candidates(
    { queuedTokens: 1000, inFlightTokens: 0 },
    { queuedTokens: 100, inFlightTokens: 50_000, matchedTokens: 1000 },
    { queuedTokens: 0, inFlightTokens: 80_000 },
  )
  const { costs, best } = rankOf(smgLeastLoad, {}, request(), endpoints)
  expect(costs[0]).toBeCloseTo(0.5, 12)
  expect(costs[1]).toBeCloseTo(0.05 + 0.15, 12)
  expect(costs[2]).toBeCloseTo(0.15 * 4, 12)
  expect(best).toEqual(['engine-1'])
})

test('a full cache is finite: 0.15 * 999 s', () => {
  const { costs } = rankOf(smgLeastLoad, {}, request(), candidates({ inFlightTokens: 500_000 }))
  expect(costs[0]).toBeCloseTo(0.15 * 999, 9)
})
