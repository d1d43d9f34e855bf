import { expect, test } from 'vitest'
import type { RequestOutcome } from '../core/outcome.ts'
import { createSessionHomes } from './session-homes.ts'
import { candidate } from './testing/candidate.ts'
import { request } from './testing/request.ts'

const outcomeWith = (cachedTokens: number | undefined, kind: RequestOutcome['kind'] = 'finished'): RequestOutcome => ({
  kind,
  ttft: 1,
  e2e: 2,
  outputTokens: 10,
  usage: { promptTokens: 1000, cachedTokens, completionTokens: 10 },
})

const at = (slot: number, matchedTokens = 0) => candidate({ slot, matchedTokens })

test('a session is at home where its last request was sent, for an hour', () => {
  const homes = createSessionHomes()
  const asked = request({ session: 's' })
  expect(homes.of(asked, 0)).toBeUndefined()
  homes.booked(asked, at(1), 0)
  expect(homes.of(request({ session: 's' }), 3600)).toBe('engine-1')
  expect(homes.of(request({ session: 's' }), 3601)).toBeUndefined()
  expect(homes.of(request({ session: 't' }), 0)).toBeUndefined()
  homes.booked(asked, at(2), 3000)
  expect(homes.of(asked, 6600)).toBe('engine-2')
})

test('a session is known by header, cookie or body, never by its address', () => {
  const homes = createSessionHomes()
  homes.booked(request({ headers: { 'x-session-id': 'h' } }), at(1), 0)
  homes.booked(request({ headers: { cookie: 'session_id=c' } }), at(2), 0)
  homes.booked(request(), at(3), 0)
  expect(homes.of(request({ session: 'h' }), 0)).toBe('engine-1')
  expect(homes.of(request({ session: 'c' }), 0)).toBe('engine-2')
  expect(homes.of(request(), 0)).toBeUndefined()
})

test('what is held beyond the match is observed on requests that went home', () => {
  const homes = createSessionHomes()
  const send = (slot: number, matched: number, outcome: RequestOutcome) => {
    const asked = request({ session: 's' })
    homes.booked(asked, at(slot, matched), 0)
    homes.ended(asked, outcome)
    return homes.unseenTokens
  }
  expect(homes.unseenTokens).toBe(32)
  // The first has no home yet, and the third leaves it.
  expect(send(0, 100, outcomeWith(900))).toBe(32)
  expect(send(0, 500, outcomeWith(560))).toBe(60)
  expect(send(1, 500, outcomeWith(900))).toBe(60)
  expect(send(1, 500, outcomeWith(520))).toBe(40)
  // Less than was predicted is no reason to expect less than the match.
  expect(send(1, 500, outcomeWith(100))).toBeCloseTo((60 + 20 + 0) / 3, 9)
  expect(send(1, 500, outcomeWith(undefined))).toBeCloseTo(80 / 3, 9)
  expect(send(1, 500, outcomeWith(900, 'aborted'))).toBeCloseTo(80 / 3, 9)
  // An end counts once.
  const last = request({ session: 's' })
  homes.booked(last, at(1, 500), 0)
  for (let i = 0; i < 3; i++) homes.ended(last, outcomeWith(600))
  expect(homes.unseenTokens).toBeCloseTo((80 + 100) / 4, 9)
})
