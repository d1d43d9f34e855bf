import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import vllmJsq from './vllm-jsq.ts'

test('a waiting request counts as four running ones', () => {
  const endpoints = candidates(
    { inFlight: 9, decoding: 9 },
    { inFlight: 4, decoding: 2, matchedTokens: 1000 },
    { inFlight: 3, decoding: 1 },
  )
  expect(rankOf(vllmJsq, {}, request(), endpoints)).toEqual({
    costs: [9, 4 * 2 + 2, 4 * 2 + 1],
    best: ['engine-0', 'engine-2'],
    reason: 'shortest-queue',
    terms: { waiting: [0, 8, 8], running: [9, 2, 1] },
  })
  expect(rankOf(vllmJsq, { waitingWeight: 1 }, request(), endpoints).costs).toEqual([9, 4, 3])
})
