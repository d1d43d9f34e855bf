import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { keptBy } from '../testing/scores-of.ts'
import notSaturated from './not-saturated.ts'

const endpoints = candidates(
  { inFlight: 255, queuedTokens: 9000 },
  { inFlight: 256 },
  { inFlight: 3, queuedTokens: 8000 },
)

test('an endpoint at a limit is dropped', () => {
  expect(keptBy(notSaturated, {}, request(), endpoints)).toEqual(['engine-0', 'engine-2'])
  expect(keptBy(notSaturated, { maxQueuedTokens: 9000 }, request(), endpoints)).toEqual(['engine-2'])
  expect(keptBy(notSaturated, { maxInFlight: 3, maxQueuedTokens: 9000 }, request(), endpoints)).toEqual([])
})
