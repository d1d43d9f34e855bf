import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import inFlightTokens from './in-flight-tokens.ts'

test('counts tokens in flight and what this request adds', () => {
  const endpoints = candidates(
    { inFlightTokens: 3000, matchedTokens: 0 },
    { inFlightTokens: 3000, matchedTokens: 1000 },
    { inFlightTokens: 9000 },
  )
  const scores = scoresOf(inFlightTokens, { saturationTokens: 8000 }, request({ promptTokens: 1000 }), endpoints)
  expect(scores).toEqual([1 - 4000 / 8000, 1 - 3000 / 8000, 0])
})

test('the default saturation is 4,194,304 tokens', () => {
  const scores = scoresOf(inFlightTokens, {}, request({ promptTokens: 0 }), candidates({ inFlightTokens: 2_097_152 }))
  expect(scores).toEqual([0.5])
})
