import { expect, test } from 'vitest'
import { createSpeedFactors } from './speed-factors.ts'
import { candidate, candidates, type CandidateFacts } from './testing/candidate.ts'

/** Factors as they count, of prefill and of decoding. */
function factorsOf(...facts: readonly CandidateFacts[]) {
  const speeds = createSpeedFactors()
  const endpoints = candidates(...facts)
  speeds.look(endpoints)
  return {
    prefill: endpoints.map((endpoint) => speeds.prefill(endpoint)),
    decode: endpoints.map((endpoint) => speeds.decode(endpoint)),
    spread: speeds.spread,
  }
}

const close = (...values: readonly number[]) => values.map((value) => expect.closeTo(value, 9))

test('all are as their rates say until somebody is observed', () => {
  expect(factorsOf({}, {})).toEqual({ prefill: [1, 1], decode: [1, 1], spread: 0 })
})

test('who was not observed is as fast as the others are on average', () => {
  const { prefill, decode } = factorsOf(
    { prefillFactor: 1, decodeFactor: 8 },
    { prefillFactor: 4, decodeFactor: 2 },
    {},
  )
  expect(prefill).toEqual(close(1, 4, 2))
  expect(decode).toEqual(close(8, 2, 4))
})

test('prefill and decoding are observed apart', () => {
  const { prefill, decode } = factorsOf({ prefillFactor: 3 }, { decodeFactor: 0.5 })
  expect(prefill).toEqual(close(3, 3))
  expect(decode).toEqual(close(0.5, 0.5))
})

test('who is much the same as the others counts as they do', () => {
  const usual = Math.sqrt(2 * 2.4)
  expect(factorsOf({ prefillFactor: 2 }, { prefillFactor: 2.4 })).toMatchObject({
    prefill: close(usual, usual),
    spread: 0,
  })
  // 1 and 2 are further than 1.3 times from their mean of 1.41.
  expect(factorsOf({ prefillFactor: 1 }, { prefillFactor: 2 }).prefill).toEqual(close(1, 2))
})

test('endpoints are unlike by how many times as fast the fastest is, by rates and factors together', () => {
  const { rates } = candidate()
  const slow = { ...rates, prefillPerToken: rates.prefillPerToken * Math.SQRT2 }
  expect(factorsOf({}, { rates: slow }).spread).toBeCloseTo(0.5, 9)
  expect(factorsOf({}, { rates: { ...rates, prefillPerToken: rates.prefillPerToken * 8 } }).spread).toBe(1)
  expect(factorsOf({ prefillFactor: 1 }, { prefillFactor: 1.9 }).spread).toBeCloseTo(Math.log2(1.9), 9)
  // Slower rates that turn out faster: the same in the end.
  expect(
    factorsOf({ prefillFactor: 2 }, { prefillFactor: 1, rates: { ...rates, prefillPerToken: 2e-4 } }).spread,
  ).toBeCloseTo(0, 9)
})
