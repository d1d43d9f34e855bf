import { expect, it } from 'vitest'
import { EndpointState } from './endpoint-state.ts'
import { settingsOf } from './testing/fleet-fixture.ts'

/** An endpoint whose prefills have been seen to take `factor` times as long as its rates say. */
function endpointAt(factor: number): EndpointState {
  const endpoint = new EndpointState(0, settingsOf('a'))
  for (let i = 0; i < 10; i++) {
    const sentAt = 100 * i
    endpoint.speed.firstToken({ sentAt, now: sentAt + factor, own: 1, predicted: 1, plainBefore: 0, plainNow: 0 })
  }
  return endpoint
}

it.each([
  [4, 0.5],
  [0.5, 4],
  // Not clearly another speed.
  [1.25, 2],
  [0.8, 2],
])('where prefill takes %d times as long, %d of 10 s of work are done after 2 s', (factor, done) => {
  const endpoint = endpointAt(factor)
  endpoint.refresh(1000)
  endpoint.prefill.push({ tokens: 1000, seconds: 10, observed: true }, 1000)
  endpoint.refresh(1002)
  expect(endpoint.signals.prefillFactor).toBeCloseTo(factor, 9)
  expect(endpoint.signals.queuedSeconds).toBeCloseTo(10 - done, 9)
  expect(endpoint.signals.queuedTokens).toBeCloseTo(1000 - 100 * done, 6)
})

it('says what a decode step takes with those that decode, and their part of the tokens', () => {
  const endpoint = new EndpointState(0, settingsOf('a'))
  Object.assign(endpoint.signals, { inFlight: 4, decoding: 0, inFlightTokens: 8000 })
  expect(endpoint.stepSeconds()).toBe(0)
  endpoint.signals.decoding = 3
  expect(endpoint.stepSeconds()).toBeCloseTo(0.01 + 3e-5 + 6000e-8, 12)
})
