import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import leastPrefillWork from './least-prefill-work.ts'

test('queued tokens plus the own uncached ones, never less than none', () => {
  const endpoints = candidates(
    { queuedTokens: 600, matchedTokens: 900 },
    { queuedTokens: 0, matchedTokens: 0 },
    { queuedTokens: 650, matchedTokens: 1200 },
  )
  expect(rankOf(leastPrefillWork, {}, request({ promptTokens: 1000 }), endpoints)).toEqual({
    costs: [700, 1000, 650],
    best: ['engine-2'],
    reason: 'least-work',
    terms: { queued: [600, 0, 650], own: [100, 1000, 0] },
  })
})
