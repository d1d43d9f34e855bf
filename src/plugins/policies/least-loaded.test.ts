import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import leastLoaded from './least-loaded.ts'

test('the fewest requests in flight win, a warm cache does not count', () => {
  const endpoints = candidates({ inFlight: 3, matchedTokens: 1000 }, { inFlight: 1 }, { inFlight: 2 })
  expect(rankOf(leastLoaded, {}, request(), endpoints)).toMatchObject({
    costs: [3, 1, 2],
    best: ['engine-1'],
    reason: 'least-loaded',
  })
})
