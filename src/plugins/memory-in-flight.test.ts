import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SchedulingRequest } from '../core/request.ts'
import { createMemoryInFlight } from './memory-in-flight.ts'
import { request } from './testing/request.ts'

test('says which part of the tokens in flight is there once only, for each endpoint', () => {
  const memory = createMemoryInFlight()
  const first = request({ promptTokens: 900, outputTokens: 100 })
  const second = request({ promptTokens: 900, outputTokens: 100 })
  expect(memory.distinctShare(3)).toBe(1)
  memory.sent(first, 3, 900)
  expect(memory.distinctShare(3)).toBe(1)
  memory.sent(second, 3, 400)
  expect(memory.distinctShare(3)).toBe(1500 / 2000)
  expect(memory.distinctShare(2)).toBe(1)
  memory.ended(first, 3)
  expect(memory.distinctShare(3)).toBe(500 / 1000)
})

test('knows nothing of a request that was not sent, and counts an end once', () => {
  const memory = createMemoryInFlight()
  const [sent, twice] = [request({ outputTokens: 0 }), request({ outputTokens: 0 })]
  memory.sent(sent, 0, 500)
  memory.ended(request(), 0)
  expect(memory.distinctShare(0)).toBe(0.5)
  memory.sent(twice, 0, 100)
  memory.ended(twice, 0)
  memory.ended(twice, 0)
  expect(memory.distinctShare(0)).toBe(0.5)
})

test('is what a list of those in flight says: above 0, at most 1, and 1 again when all have ended', () => {
  const tokens = fc.double({ min: 0, max: 1e5, noNaN: true })
  const step = fc.record({
    promptTokens: tokens,
    outputTokens: tokens,
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    slot: fc.nat(2),
    ends: fc.boolean(),
    which: fc.nat(100),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const memory = createMemoryInFlight()
      let inFlight: { request: SchedulingRequest; slot: number; newTokens: number }[] = []
      function end(one: (typeof inFlight)[number]): void {
        memory.ended(one.request, one.slot)
        inFlight = inFlight.filter((other) => other !== one)
      }
      for (const { promptTokens, outputTokens, part, slot, ends, which } of steps) {
        const ending = inFlight[which % Math.max(1, inFlight.length)]
        if (ends && ending !== undefined) end(ending)
        else {
          const one = { request: request({ promptTokens, outputTokens }), slot, newTokens: part * promptTokens }
          memory.sent(one.request, slot, one.newTokens)
          inFlight.push(one)
        }
        const there = inFlight.filter((one) => one.slot === slot)
        const all = there.reduce((sum, one) => sum + one.request.promptTokens + one.request.outputTokens, 0)
        const distinct = there.reduce((sum, one) => sum + one.newTokens + one.request.outputTokens, 0)
        const share = memory.distinctShare(slot)
        expect(share).toBeGreaterThan(0)
        expect(share).toBeLessThanOrEqual(1)
        if (all > 1) expect(share).toBeCloseTo(Math.max(1e-3, distinct / all), 4)
      }
      for (const one of inFlight) end(one)
      expect([0, 1, 2].map((slot) => memory.distinctShare(slot))).toEqual([1, 1, 1])
    }),
    { numRuns: 300 },
  )
})
