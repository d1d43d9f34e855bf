import { describe, expect, test } from 'vitest'
import { LAST_TICK } from './endpoint-cache.ts'
import { PredictedIndex } from './predicted-index.ts'
import { indexOf, matches, prompt } from './testing/index-fixture.ts'

describe('bookings', () => {
  test('a withdrawn one takes only what nobody else vouches for', () => {
    const index = indexOf(100)
    const shared = prompt(1, 3)
    const first = index.book(0, prompt(2, 6, shared))
    const second = index.book(0, prompt(3, 6, shared))
    index.withdraw(first)
    expect(matches(index, prompt(2, 6, shared))).toEqual([3])
    expect(matches(index, prompt(3, 6, shared))).toEqual([6])
    index.withdraw(second)
    expect(index.held(0)).toBe(0)
    expect(index.evictions.withdrawal).toBe(9)
  })

  test('a confirmed one stays, and blocks that were trusted stay when a later one is withdrawn', () => {
    const index = indexOf(100)
    const confirmed = index.book(0, prompt(1, 3))
    index.confirm(confirmed)
    index.withdraw(confirmed)
    expect(index.held(0)).toBe(3)
    const later = index.book(0, prompt(1, 5))
    expect([later.matched, later.trusted, later.blocks]).toEqual([3, 3, 5])
    index.withdraw(later)
    index.withdraw(later)
    index.confirm(later)
    expect(matches(index, prompt(1, 5))).toEqual([3])
  })

  test('the same prompt in flight twice: one success keeps it', () => {
    const index = indexOf(100)
    const bookings = [1, 2, 3].map(() => index.book(0, prompt(1, 4)))
    index.withdraw(bookings[1]!)
    index.confirm(bookings[0]!)
    index.withdraw(bookings[2]!)
    expect(matches(index, prompt(1, 4))).toEqual([4])
  })

  test('the same prompt in flight three times: nothing is left when all fail', () => {
    const index = indexOf(100)
    const bookings = [1, 2, 3].map(() => index.book(0, prompt(1, 4)))
    for (const at of [1, 0, 2]) {
      expect(index.held(0)).toBe(4)
      index.withdraw(bookings[at]!)
    }
    expect(index.held(0)).toBe(0)
  })

  test('what was evicted meanwhile and booked again belongs to the new booking', () => {
    const index = indexOf(4)
    const first = index.book(0, prompt(1, 4))
    index.book(0, prompt(2, 2))
    const again = index.book(0, prompt(1, 4))
    expect(again.matched).toBe(2)
    index.withdraw(again)
    expect(matches(index, prompt(1, 4))).toEqual([2])
    index.confirm(first)
    expect(matches(index, prompt(1, 4))).toEqual([2])
  })

  test('one that was evicted altogether ends without effect', () => {
    const index = indexOf(4)
    const gone = index.book(0, prompt(1, 4))
    index.book(0, prompt(2, 4))
    index.book(0, prompt(1, 4))
    index.withdraw(gone)
    expect(matches(index, prompt(1, 4))).toEqual([4])
  })
})

describe('corrections', () => {
  function indexWithThree(): PredictedIndex {
    const index = indexOf(100)
    for (const name of [1, 2, 3]) index.confirm(index.book(0, prompt(name, 10)))
    return index
  }

  test('a block that is gone takes along what was used before it', () => {
    const index = indexWithThree()
    const booking = index.book(0, prompt(2, 10))
    expect(booking.matched).toBe(10)
    expect(index.correct(booking, 6)).toBe(10)
    expect([1, 2, 3].map((name) => matches(index, prompt(name, 10))[0])).toEqual([0, 10, 10])
    expect(index.evictions.correction).toBe(10)
    expect(index.correct(booking, 0)).toBe(0)
  })

  test('what was booked again since then stays', () => {
    const index = indexWithThree()
    const booking = index.book(0, prompt(2, 10))
    index.book(0, prompt(1, 4))
    index.correct(booking, 6)
    expect([1, 2, 3].map((name) => matches(index, prompt(name, 10))[0])).toEqual([4, 10, 10])
  })

  test('stamps differ along a prompt: a gone suffix does not take along what is younger', () => {
    const index = indexOf(100)
    index.confirm(index.book(0, prompt(1, 10)))
    index.confirm(index.book(0, prompt(2, 10)))
    index.confirm(index.book(0, prompt(1, 5)))
    index.correct(index.book(0, prompt(1, 10)), 7)
    expect(matches(index, prompt(2, 10))).toEqual([10])
    index.clear(0)
    index.confirm(index.book(0, prompt(1, 10)))
    index.confirm(index.book(0, prompt(2, 10)))
    index.confirm(index.book(0, prompt(1, 5)))
    index.correct(index.book(0, prompt(1, 10)), 4)
    expect(matches(index, prompt(2, 10))).toEqual([0])
  })

  test('as many or more cached blocks than predicted drop nothing', () => {
    const index = indexWithThree()
    expect(index.correct(index.book(0, prompt(2, 12)), 10)).toBe(0)
    expect(index.correct(index.book(0, prompt(1, 12)), 11)).toBe(0)
    expect(index.held(0)).toBe(34)
  })

  test('blocks in flight prove nothing, and are not dropped', () => {
    const index = indexWithThree()
    const inFlight = index.book(0, prompt(4, 10))
    expect(index.correct(index.book(0, prompt(4, 10)), 0)).toBe(0)
    const booking = index.book(0, prompt(3, 10))
    index.correct(booking, 2)
    expect([1, 2, 3, 4].map((name) => matches(index, prompt(name, 10))[0])).toEqual([0, 0, 10, 10])
    index.confirm(inFlight)
    expect(matches(index, prompt(4, 10))).toEqual([10])
  })

  test('an older prompt in flight outlives a correction', () => {
    const index = indexOf(100)
    index.confirm(index.book(0, prompt(1, 10)))
    index.book(0, prompt(5, 10, prompt(1, 4)))
    index.confirm(index.book(0, prompt(2, 10)))
    index.correct(index.book(0, prompt(2, 10)), 3)
    expect(matches(index, prompt(1, 10))).toEqual([4])
    expect(matches(index, prompt(5, 10, prompt(1, 4)))).toEqual([10])
  })

  test('teach the capacity', () => {
    const index = indexWithThree()
    expect(index.learnedCapacity(0)).toBe(100)
    index.correct(index.book(0, prompt(2, 10)), 6)
    expect(index.learnedCapacity(0)).toBe(20)
    index.book(0, prompt(4, 15))
    expect(index.held(0)).toBe(20)
    index.clear(0)
    expect(index.learnedCapacity(0)).toBe(100)
  })

  test('forget within a few sessions what a restart that nobody noticed taught', () => {
    const index = indexOf(10_000)
    const serve = (session: number, cached: number): void => {
      const booking = index.book(0, prompt(session, 40))
      index.confirm(booking)
      index.correct(booking, cached)
    }
    for (let session = 0; session < 20; session++) serve(session, 0)
    serve(19, 0)
    expect(index.learnedCapacity(0)).toBe(40)
    for (let session = 0; session < 20; session++) serve(session, 0)
    for (let session = 0; session < 20; session++) serve(session, 40)
    expect(index.learnedCapacity(0)).toBe(10_000)
  })

  test('leave the learned capacity alone where nothing was predicted', () => {
    const index = indexWithThree()
    index.correct(index.book(0, prompt(2, 10)), 6)
    for (let name = 10; name < 200; name++) index.correct(index.book(0, prompt(name, 1)), 0)
    expect(index.learnedCapacity(0)).toBe(20)
    for (let report = 0; report < 200; report++) index.correct(index.book(0, prompt(2, 10)), 10)
    expect(index.learnedCapacity(0)).toBeGreaterThan(20)
  })

  test('never teach a capacity below the prompt that was served', () => {
    const index = indexWithThree()
    const booking = index.book(0, prompt(2, 10))
    index.setCapacity(0, 0)
    index.setCapacity(0, 100)
    index.correct(booking, 6)
    expect(index.learnedCapacity(0)).toBe(10)
  })

  test('refuse what is not a number of blocks', () => {
    const index = indexWithThree()
    const booking = index.book(0, prompt(2, 10))
    expect(() => index.correct(booking, Number.NaN)).toThrow(/the engine reported NaN blocks/)
  })
})

describe('the clock', () => {
  test('keeps the order of use when it wraps before, between or after bookings', () => {
    for (let before = 0; before < 6; before++) {
      const index = new PredictedIndex({ firstTick: LAST_TICK - before })
      index.addEndpoint(100)
      for (const name of [1, 2, 3]) index.confirm(index.book(0, prompt(name, 10)))
      index.correct(index.book(0, prompt(2, 10)), 6)
      expect([1, 2, 3].map((name) => matches(index, prompt(name, 10))[0])).toEqual([0, 10, 10])
    }
  })

  test('makes bookings from before it wraps useless for corrections, and nothing else', () => {
    const index = new PredictedIndex({ firstTick: LAST_TICK - 2 })
    index.addEndpoint(100)
    index.confirm(index.book(0, prompt(1, 10)))
    const before = index.book(0, prompt(1, 12))
    index.confirm(index.book(0, prompt(2, 10)))
    expect(index.correct(before, 5)).toBe(0)
    expect(matches(index, prompt(2, 10))).toEqual([10])
    index.withdraw(before)
    expect(matches(index, prompt(1, 12))).toEqual([10])
  })
})
