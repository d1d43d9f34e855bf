import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import prefixMatch from './prefix-match.ts'

const endpoints = candidates({ matchedTokens: 4096 }, { matchedTokens: 0 }, { matchedTokens: 20_000 })

test('the share of the prompt that is held, never above 1', () => {
  expect(scoresOf(prefixMatch, {}, request({ promptTokens: 16_384 }), endpoints)).toEqual([0.25, 0, 1])
})

test('the length of the match can count too', () => {
  const options = { lengthWeight: 0.5, lengthScaleTokens: 8192 }
  const scores = scoresOf(prefixMatch, options, request({ promptTokens: 16_384 }), endpoints)
  expect(scores).toEqual([0.5 * 0.5 ** 2 + 0.5 * 0.25, 0, 1])
})

test('an empty prompt matches nowhere', () => {
  expect(scoresOf(prefixMatch, {}, request({ promptTokens: 0 }), candidates({}))).toEqual([0])
})
