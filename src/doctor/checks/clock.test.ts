import { expect, test } from 'vitest'
import { clockSkew, describeClock } from './clock.ts'

const NOON = Date.UTC(2026, 9, 1, 12, 0, 0)

/** An answer of a clock that is `skew` ms ahead, sent at `sentAt` and back after `ms`. */
function head(sentAt: number, ms: number, skew: number) {
  return { headers: { date: new Date(sentAt + ms / 2 + skew).toUTCString() }, sentAt, headAt: sentAt + ms }
}

test('the difference of clocks is found to half a second, and better with several answers', () => {
  for (const skew of [0, 5000, -90_000]) {
    const one = clockSkew([head(NOON + 300, 20, skew)])
    expect(Math.abs((one ?? Number.NaN) * 1000 - skew)).toBeLessThanOrEqual(520)
    const many = clockSkew([0, 130, 370, 610, 890].map((at) => head(NOON + at, 20, skew)))
    expect(Math.abs((many ?? Number.NaN) * 1000 - skew)).toBeLessThanOrEqual(160)
  }
})

test('without a date nothing is known, and nothing said', () => {
  expect(clockSkew([{ headers: {}, sentAt: 0, headAt: 1 }])).toBeUndefined()
  expect(describeClock(undefined)).toEqual([])
  expect([0.4, -5, 60].map((skew) => describeClock(skew)[0]?.level)).toEqual(['ok', 'note', 'problem'])
})
