import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLoadWindow } from './load-window.ts'

const steps = fc.array(
  fc.record({
    slot: fc.nat(2),
    id: fc.constantFrom('a', 'b'),
    pause: fc.nat(4),
    seconds: fc.nat(9),
    promptTokens: fc.nat(100),
    matchedTokens: fc.nat(100),
  }),
  { maxLength: 60 },
)

test('agrees with a list of everything that was sent', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const window = createLoadWindow(5)
      let now = 0
      let list: {
        at: number
        slot: number
        id: string
        seconds: number
        promptTokens: number
        matchedTokens: number
      }[] = []
      for (const { slot, id, pause, ...work } of history) {
        now += pause
        window.advance(now)
        window.add({ slot, id }, work, now)
        // Another endpoint in the slot: what the former one had is gone with it.
        list = list.filter((sent) => now - sent.at <= 5 && (sent.slot !== slot || sent.id === id))
        list.push({ at: now, slot, id, ...work })
        for (const endpoint of [0, 1, 2].flatMap((s) => ['a', 'b'].map((name) => ({ slot: s, id: name })))) {
          const own = list.filter((sent) => sent.slot === endpoint.slot && sent.id === endpoint.id)
          const sum = (field: 'seconds' | 'promptTokens' | 'matchedTokens') =>
            own.reduce((total, sent) => total + sent[field], 0)
          expect(window.of(endpoint)).toMatchObject({
            requests: own.length,
            seconds: sum('seconds'),
            promptTokens: sum('promptTokens'),
            matchedTokens: sum('matchedTokens'),
          })
        }
      }
    }),
  )
})

test('long after the last request, nothing is left', () => {
  const window = createLoadWindow(180)
  for (let i = 0; i < 5000; i++) {
    window.advance(i)
    window.add({ slot: 0, id: 'a' }, { seconds: 0.1, promptTokens: 10, matchedTokens: 5 }, i)
  }
  expect(window.of({ slot: 0, id: 'a' }).requests).toBe(181)
  expect(window.of({ slot: 0, id: 'a' }).seconds).toBeCloseTo(18.1, 9)
  window.advance(10_000)
  expect(window.of({ slot: 0, id: 'a' })).toMatchObject({ requests: 0, seconds: 0, promptTokens: 0, matchedTokens: 0 })
})
