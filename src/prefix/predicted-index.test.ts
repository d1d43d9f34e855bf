import { describe, expect, test } from 'vitest'
import type { BlockKeys } from './block-keys.ts'
import { LAST_TICK } from './endpoint-cache.ts'
import { PredictedIndex } from './predicted-index.ts'

/** A prompt of `count` blocks; prompts with the same name share every block up to the shorter one's end. */
function prompt(name: number, count: number, start?: BlockKeys): BlockKeys {
  const words = new Uint32Array(2 * count)
  for (let block = 0; block < count; block++) {
    words[2 * block] = Math.imul(name * 65_537 + block + 1, 0x9e3779b1)
    words[2 * block + 1] = name
  }
  if (start !== undefined) words.set(start.words.subarray(0, 2 * Math.min(start.count, count)))
  return { count, words }
}

function matches(index: PredictedIndex, keys: BlockKeys): number[] {
  const into = new Uint32Array(index.slots).fill(77)
  index.match(keys, into)
  return [...into]
}

/** An index with one endpoint for each capacity. */
function indexOf(...capacities: number[]): PredictedIndex {
  const index = new PredictedIndex()
  for (const capacity of capacities) index.addEndpoint(capacity)
  return index
}

describe('match', () => {
  test('counts the leading blocks of each endpoint', () => {
    const index = indexOf(1000, 1000, 1000, 1000)
    const long = prompt(1, 512)
    index.book(0, long)
    index.book(1, prompt(1, 100))
    index.book(2, prompt(2, 300, prompt(1, 37)))
    expect(matches(index, long)).toEqual([512, 100, 37, 0])
    expect(matches(index, prompt(1, 50))).toEqual([50, 50, 37, 0])
    expect(matches(index, prompt(3, 50))).toEqual([0, 0, 0, 0])
    expect(matches(index, prompt(3, 0))).toEqual([0, 0, 0, 0])
  })

  test('finds 256 endpoints that all hold another depth', () => {
    const index = indexOf(...Array.from({ length: 256 }, () => 1000))
    for (let slot = 0; slot < 256; slot++) index.book(slot, prompt(1, ((slot * 101) % 256) * 2 + 1))
    expect(matches(index, prompt(1, 512))).toEqual(
      Array.from({ length: 256 }, (_, slot) => ((slot * 101) % 256) * 2 + 1),
    )
  })

  test('zeroes slots beyond its own and refuses too short an array', () => {
    const index = indexOf(10, 10)
    const into = new Uint32Array(4).fill(9)
    index.book(1, prompt(1, 3))
    index.match(prompt(1, 3), into)
    expect([...into]).toEqual([0, 3, 0, 0])
    expect(() => index.match(prompt(1, 3), new Uint32Array(1))).toThrow(/room for 2 slots, but was given 1/)
  })

  test('does not depend on the order in which prompts came', () => {
    const prompts = [1, 2, 3, 4, 5].map((name) => prompt(name, name * 7))
    const forth = indexOf(1000)
    const back = indexOf(1000)
    for (const keys of prompts) forth.book(0, keys)
    for (const keys of prompts.toReversed()) back.book(0, keys)
    for (const keys of prompts) expect(matches(forth, keys)).toEqual(matches(back, keys))
  })
})

describe('capacity', () => {
  test('evicts the prompt that was used least recently, from its end', () => {
    const index = indexOf(10)
    index.book(0, prompt(1, 4))
    index.book(0, prompt(2, 4))
    index.book(0, prompt(1, 4))
    index.book(0, prompt(3, 5))
    expect(index.held(0)).toBe(10)
    expect(matches(index, prompt(2, 4))).toEqual([1])
    expect(matches(index, prompt(1, 4))).toEqual([4])
    expect(index.evictions.capacity).toBe(3)
  })

  test('keeps the leading blocks of a prompt that is too long', () => {
    const index = indexOf(10)
    const booking = index.book(0, prompt(1, 30))
    expect(booking.blocks).toBe(10)
    expect(matches(index, prompt(1, 30))).toEqual([10])
    index.book(0, prompt(1, 30))
    expect(index.evictions.capacity).toBe(0)
  })

  test('shrinks at once', () => {
    const index = indexOf(10)
    index.book(0, prompt(1, 5))
    index.book(0, prompt(2, 5))
    index.setCapacity(0, 7)
    expect(index.held(0)).toBe(7)
    expect(matches(index, prompt(1, 5))).toEqual([2])
    index.setCapacity(0, 0)
    expect(index.held(0)).toBe(0)
    expect(index.book(0, prompt(1, 5)).blocks).toBe(0)
  })

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a capacity of %d', (capacity) => {
    expect(() => indexOf(capacity)).toThrow(/expected a whole number/)
  })
})

describe('endpoints', () => {
  test('reuse slots, and a booking of the former endpoint does no harm', () => {
    const index = indexOf(10, 10)
    index.confirm(index.book(0, prompt(1, 3)))
    const old = index.book(0, prompt(1, 5))
    index.removeEndpoint(0)
    expect(() => index.held(0)).toThrow(/no endpoint at slot 0/)
    expect(index.addEndpoint(10)).toBe(0)
    index.book(0, prompt(1, 5))
    expect(index.correct(old, 0)).toBe(0)
    index.withdraw(old)
    expect(matches(index, prompt(1, 5))).toEqual([5, 0])
    expect(index.addEndpoint(10)).toBe(2)
  })

  test('hold nothing after a restart', () => {
    const index = indexOf(10, 10)
    const booking = index.book(0, prompt(1, 3))
    index.book(1, prompt(1, 3))
    index.clear(0)
    expect(index.held(0)).toBe(0)
    expect(matches(index, prompt(1, 3))).toEqual([0, 3])
    index.confirm(booking)
    expect(matches(index, prompt(1, 3))).toEqual([0, 3])
  })

  test('share blocks, and each is counted once', () => {
    const index = indexOf(10, 10, 10)
    const keys = prompt(1, 2)
    const holders = () => index.holders(keys.words[2]!, keys.words[3]!)
    for (const slot of [0, 1, 2]) index.book(slot, keys)
    expect(holders()).toBe(3)
    index.clear(0)
    expect(holders()).toBe(2)
    index.clear(2)
    index.clear(1)
    expect(holders()).toBe(0)
  })
})

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

  test('refuse what is not a number of blocks', () => {
    const index = indexWithThree()
    const booking = index.book(0, prompt(2, 10))
    expect(() => index.correct(booking, Number.NaN)).toThrow(/the engine reported NaN blocks/)
  })
})

describe('bytes', () => {
  test('stay within the budget, at the cost of who holds most', () => {
    const index = new PredictedIndex({ maxBytes: 64 * 1024 })
    for (const capacity of [100_000, 100_000, 100_000]) index.addEndpoint(capacity)
    index.book(1, prompt(1000, 200))
    for (let name = 0; name < 100; name++) index.book(0, prompt(name, 100))
    expect(index.bytes).toBeLessThanOrEqual(64 * 1024)
    expect(index.held(0) + index.held(1)).toBe(index.maxHeld)
    expect(index.held(1)).toBe(200)
    const huge = index.book(2, prompt(2000, index.maxHeld + 50))
    expect(huge.blocks).toBe(index.maxHeld)
    expect(matches(index, prompt(2000, 100_000))).toEqual([0, 0, index.maxHeld])
    expect(() => new PredictedIndex({ maxBytes: 100 })).toThrow(/at least 4096, not 100/)
  })

  test('do not grow over a bounded working set, nor beyond what the endpoints can hold', () => {
    const index = indexOf(3000, 2000)
    for (let name = 0; name < 100; name++) index.confirm(index.book(name % 2, prompt(name, 100)))
    const { bytes } = index
    expect(bytes / (index.held(0) + index.held(1))).toBeLessThan(60)
    for (let name = 0; name < 4000; name++) index.confirm(index.book(name % 2, prompt(name, 20)))
    expect(index.bytes).toBe(bytes)
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
