import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import lmetric from './lmetric.ts'

test('tokens to prefill times batch size', () => {
  const endpoints = candidates(
    { queuedTokens: 200, matchedTokens: 900, inFlight: 3 },
    { inFlight: 0 },
    { queuedTokens: 5000, matchedTokens: 1000, inFlight: 1 },
  )
  expect(rankOf(lmetric, {}, request({ promptTokens: 1000 }), endpoints)).toMatchObject({
    costs: [(200 + 100) * 4, 1000 * 1, 5001 * 2],
    best: ['engine-1'],
    reason: 'least-product',
    terms: { 'prefill-tokens': [300, 1000, 5001], batch: [4, 1, 2] },
  })
})

test('a fully cached prompt still tells loads apart', () => {
  const endpoints = candidates({ matchedTokens: 1000, inFlight: 5 }, { matchedTokens: 1000, inFlight: 2 })
  expect(rankOf(lmetric, {}, request({ promptTokens: 1000 }), endpoints).costs).toEqual([6, 3])
})
