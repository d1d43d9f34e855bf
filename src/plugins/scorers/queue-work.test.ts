import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import queueWork from './queue-work.ts'

test('falls to 0 at the saturation', () => {
  const endpoints = candidates(
    { queuedTokens: 0 },
    { queuedTokens: 16_384 },
    { queuedTokens: 65_536 },
    { queuedTokens: 1e6 },
  )
  expect(scoresOf(queueWork, {}, request(), endpoints)).toEqual([1, 0.75, 0, 0])
  expect(scoresOf(queueWork, { saturationTokens: 32_768 }, request(), endpoints)).toEqual([1, 0.5, 0, 0])
})
