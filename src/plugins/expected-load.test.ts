import { expect, test } from 'vitest'
import { createLoadExpectation } from './expected-load.ts'

const IDLE = { queuedSeconds: 0, inFlight: 0, decoding: 0, inFlightTokens: 0 }
const BUSY = { queuedSeconds: 1, inFlight: 10, decoding: 8, inFlightTokens: 1000 }

test('what was not seen before stays as it is', () => {
  expect(createLoadExpectation().next(0, BUSY, 5, 0)).toMatchObject({ inFlight: 10, decoding: 8, inFlightTokens: 1000 })
})

test('a sudden crowd is expected to be mostly gone', () => {
  const expectation = createLoadExpectation()
  expectation.next(0, IDLE, 5, 0)
  const { inFlight, decoding, inFlightTokens } = expectation.next(0, BUSY, 5, 0)
  expect([inFlight, decoding, inFlightTokens]).toEqual([
    expect.closeTo(3, 12),
    expect.closeTo(2.4, 12),
    expect.closeTo(300, 12),
  ])
})

test('a load that lasts is expected to last', () => {
  const expectation = createLoadExpectation()
  expectation.next(0, IDLE, 5, 0)
  let last = 0
  for (let now = 1; now <= 60; now++) last = expectation.next(0, BUSY, 5, now).inFlight
  expect(last).toBeGreaterThan(9.9)
  // After half the time of an answer, half of the average is what came since.
  const other = createLoadExpectation()
  other.next(0, IDLE, 5, 0)
  expect(other.next(0, BUSY, 5, 2.5).inFlight).toBeCloseTo(5 + 0.3 * 5, 12)
})

test('endpoints are apart', () => {
  const expectation = createLoadExpectation()
  expectation.next(0, BUSY, 5, 0)
  expectation.next(1, IDLE, 5, 0)
  expect(expectation.next(1, IDLE, 5, 1).inFlight).toBe(0)
  expect(expectation.next(0, BUSY, 5, 1).inFlight).toBe(10)
})
