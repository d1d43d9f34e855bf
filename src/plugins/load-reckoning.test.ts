import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLoadReckoning, type Load } from './load-reckoning.ts'
import { candidate } from './testing/candidate.ts'

const reading: fc.Arbitrary<Load> = fc.record({
  queuedSeconds: fc.nat(20),
  inFlight: fc.nat(10),
  decoding: fc.nat(10),
  inFlightTokens: fc.nat(5000),
})

interface Change {
  readonly at: number
  readonly kind: 'sent' | 'ended'
  readonly seconds: number
  readonly tokens: number
}

/** Half of what the requests that had not begun to decode need and that does not wait. */
function underWay(read: Load, changes: readonly Change[], since: number): number {
  const latest = changes.at(-1)?.at ?? 0
  const sent = changes.filter(({ at, kind }) => kind === 'sent' && at < since && at >= latest - 30)
  const waiting = Math.max(0, read.inFlight - read.decoding)
  const work = sent.slice(sent.length - Math.min(sent.length, waiting)).reduce((sum, { seconds }) => sum + seconds, 0)
  return Math.max(0, work - read.queuedSeconds) / 2
}

/** Lives through the time since the reading second by second; in each, one second of the work there is done. */
function liveThrough(read: Load, changes: readonly Change[], since: number, now: number): Load {
  const waiting = read.inFlight - read.decoding
  let { queuedSeconds, inFlightTokens } = read
  queuedSeconds += underWay(read, changes, since)
  let [sent, ended, done, work] = [0, 0, 0, queuedSeconds]
  for (let second = since; second <= now; second++) {
    for (const change of changes.filter(({ at }) => at === second)) {
      if (change.kind === 'sent') sent += 1
      else ended += 1
      queuedSeconds += change.seconds
      work += change.seconds
      inFlightTokens = Math.max(0, inFlightTokens + change.tokens)
    }
    if (second < now) {
      const step = Math.min(1, queuedSeconds)
      queuedSeconds -= step
      done += step
    }
  }
  const inFlight = Math.max(0, read.inFlight + sent - ended)
  const begun = (waiting + sent) * (work === 0 ? 1 : done / work)
  const decoding = Math.min(inFlight, Math.max(0, read.decoding + begun - ended))
  return { queuedSeconds, inFlight, decoding, inFlightTokens }
}

describe('load that was read some time ago', () => {
  test('is brought up to date by what was sent since and what has ended', () => {
    const reckoning = createLoadReckoning()
    const read = { queuedSeconds: 2, inFlight: 4, decoding: 2, inFlightTokens: 4000, loadAge: 1 }
    // Half of the work is done, so one of the two that waited has begun to decode.
    expect(reckoning.now(candidate(read), 101)).toEqual({
      queuedSeconds: 1,
      inFlight: 4,
      decoding: 3,
      inFlightTokens: 4000,
    })
    reckoning.sent(0, 101, 3, 1000)
    reckoning.ended(0, 102, 800)
    // 2 of 5 s are done: of three that waited, 1.2 have begun, and one is gone.
    expect(reckoning.now(candidate({ ...read, loadAge: 2 }), 102)).toEqual({
      queuedSeconds: 3,
      inFlight: 4,
      decoding: expect.closeTo(2 + 1.2 - 1, 12),
      inFlightTokens: 4200,
    })
    // Another endpoint has nothing of it.
    expect(reckoning.now(candidate({ ...read, slot: 1, loadAge: 2 }), 102)).toMatchObject({
      queuedSeconds: 0,
      inFlight: 4,
    })
  })

  test('counts nothing twice that a newer reading contains', () => {
    const reckoning = createLoadReckoning()
    reckoning.now(candidate({ loadAge: 1 }), 1)
    reckoning.sent(0, 2, 3, 1000)
    const read = { queuedSeconds: 2.5, inFlight: 1, inFlightTokens: 1000, loadAge: 0.5 }
    // Half a second of it is being computed, half done on average; another half passed since.
    expect(reckoning.now(candidate(read), 3)).toMatchObject({ queuedSeconds: 2.25, inFlight: 1, inFlightTokens: 1000 })
  })

  test('is what living through the time since second by second yields', () => {
    const step = fc.record({
      wait: fc.nat(4),
      action: fc.constantFrom('sent', 'ended', 'read', 'ask'),
      slot: fc.nat(1),
      seconds: fc.nat(6),
      tokens: fc.nat(3000),
      read: reading,
    })
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.array(reading, { minLength: 2, maxLength: 2 }),
        (steps, first) => {
          const reckoning = createLoadReckoning()
          const changes: Change[][] = [[], []]
          const readings = first.map((load) => ({ load, at: 0 }))
          let now = 1
          const ask = (slot: number) => {
            const { load, at } = readings[slot]!
            if (now - at > 30) return
            const reckoned = reckoning.now(candidate({ ...load, slot, loadAge: now - at }), now)
            if (now === at) expect(reckoned).toEqual(load)
            else {
              const { decoding, ...rest } = liveThrough(load, changes[slot]!, at, now)
              expect(reckoned).toEqual({ ...rest, decoding: expect.closeTo(decoding, 9) })
            }
          }
          ask(0)
          for (const { wait, action, slot, seconds, tokens, read } of steps) {
            now += wait
            if (action === 'read') {
              // What happens in the second of the reading comes after it.
              now += 1
              readings[slot] = { load: read, at: now }
            } else if (action === 'sent') {
              reckoning.sent(slot, now, seconds, tokens)
              changes[slot]!.push({ at: now, kind: 'sent', seconds, tokens })
            } else if (action === 'ended') {
              reckoning.ended(slot, now, tokens)
              changes[slot]!.push({ at: now, kind: 'ended', seconds: 0, tokens: -tokens })
            }
            ask(slot)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('load that is kept passes as it is, whatever was sent', () => {
  fc.assert(
    fc.property(reading, fc.boolean(), (load, seenOld) => {
      const reckoning = createLoadReckoning()
      if (seenOld) reckoning.now(candidate({ loadAge: 1 }), 1)
      reckoning.sent(0, 2, 3, 1000)
      reckoning.ended(0, 3, 500)
      expect(reckoning.now(candidate({ ...load, loadAge: 0 }), 4)).toEqual(load)
    }),
  )
})
