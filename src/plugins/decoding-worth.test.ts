import { expect, test } from 'vitest'
import type { RequestOutcome } from '../core/outcome.ts'
import { createDecodingWorth } from './decoding-worth.ts'

const outcome = (ttft: number | undefined, e2e: number, over: Partial<RequestOutcome> = {}): RequestOutcome => ({
  kind: 'finished',
  ttft,
  e2e,
  outputTokens: 50,
  usage: undefined,
  ...over,
})

test('is two fifths of TTFT over decode time', () => {
  const worth = createDecodingWorth()
  expect(worth.at(0)).toBeCloseTo(0.4 * (0.5 / 1), 12)
  worth.ended(outcome(1, 6))
  expect(worth.at(0)).toBeCloseTo(0.4 * (1 / 5), 12)
  expect(worth.decodeSeconds).toBe(5)
  worth.ended(outcome(3, 10))
  expect(worth.at(0)).toBeCloseTo(0.4 * (2 / 6), 12)
  expect(worth.decodeSeconds).toBe(6)
})

test('is up to four times as much where endpoints are unlike', () => {
  const worth = createDecodingWorth()
  expect(worth.at(0.5)).toBeCloseTo(2.5 * 0.2, 12)
  expect(worth.at(1)).toBeCloseTo(4 * 0.2, 12)
})

test('is up to two and a half times as much where requests wait for memory, by its share of the TTFT', () => {
  const worth = createDecodingWorth()
  worth.ended(outcome(2, 22))
  worth.booked(0)
  expect(worth.at(0)).toBeCloseTo(0.4 * 0.1, 12)
  worth.booked(2)
  expect(worth.at(0)).toBeCloseTo(0.4 * 0.1 * 1.75, 12)
  for (let i = 0; i < 20; i++) worth.booked(50)
  expect(worth.at(0)).toBeCloseTo(0.4 * 0.1 * 2.5, 12)
  expect(worth.at(1)).toBeCloseTo(0.4 * 0.1 * 2.5 * 4, 12)
})

test('is at most 1', () => {
  const worth = createDecodingWorth()
  worth.ended(outcome(8, 9))
  expect(worth.at(0)).toBe(1)
})

test('learns from whole answers only, and of decoding only from those that decoded', () => {
  const worth = createDecodingWorth()
  worth.ended(outcome(8, 9, { kind: 'failed' }))
  worth.ended(outcome(undefined, 9))
  expect(worth.at(0)).toBeCloseTo(0.2, 12)
  worth.ended(outcome(1, 1, { outputTokens: 1 }))
  expect(worth.decodeSeconds).toBe(1)
  expect(worth.at(0)).toBeCloseTo(0.4, 12)
})
