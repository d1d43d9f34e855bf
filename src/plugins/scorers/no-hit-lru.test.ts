import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import noHitLru from './no-hit-lru.ts'

test('a cold prompt goes to the endpoint that was idle longest', () => {
  const endpoints = candidates(
    { idleSeconds: 5 },
    { idleSeconds: 60 },
    { idleSeconds: 1 },
    { idleSeconds: Infinity },
    { idleSeconds: 20 },
  )
  expect(scoresOf(noHitLru, {}, request(), endpoints)).toEqual([0.25, 0.75, 0, 1, 0.5])
})

test('equally idle endpoints share the better rank', () => {
  const endpoints = candidates({ idleSeconds: Infinity }, { idleSeconds: Infinity }, { idleSeconds: 3 })
  expect(scoresOf(noHitLru, {}, request(), endpoints)).toEqual([1, 1, 0])
})

test('a warm prompt is neutral everywhere, unless the match is only the common part', () => {
  const endpoints = candidates({ idleSeconds: 5 }, { idleSeconds: 60, matchedTokens: 100 })
  expect(scoresOf(noHitLru, {}, request({ promptTokens: 1000 }), endpoints)).toEqual([0.5, 0.5])
  expect(scoresOf(noHitLru, { coldShare: 0.1 }, request({ promptTokens: 1000 }), endpoints)).toEqual([0, 1])
})

test('a single endpoint scores 1, and a large pool is no problem', () => {
  expect(scoresOf(noHitLru, {}, request(), candidates({ idleSeconds: 1 }))).toEqual([1])
  const many = candidates(...Array.from({ length: 201 }, (_, i) => ({ idleSeconds: i })))
  expect(scoresOf(noHitLru, {}, request(), many)[50]).toBeCloseTo(0.25, 12)
})
