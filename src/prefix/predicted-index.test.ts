import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BlockKeys } from './block-keys.ts'
import { PredictedIndex } from './predicted-index.ts'
import { indexOf, matches, prompt } from './testing/index-fixture.ts'

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

  test('finds 256 endpoints that all hold another depth, again and again, until the last is gone', () => {
    const index = indexOf(...Array.from({ length: 256 }, () => 1000))
    const depths = Array.from({ length: 256 }, (_, slot) => ((slot * 101) % 256) * 2 + 1)
    for (let slot = 0; slot < 256; slot++) index.book(slot, prompt(1, depths[slot]!))
    for (let gone = 0; gone < 256; gone++) {
      expect(matches(index, prompt(1, 512))).toEqual(depths)
      const slot = (gone * 37) % 256
      index.clear(slot)
      depths[slot] = 0
    }
    expect(matches(index, prompt(1, 512))).toEqual(depths)
  })

  test('zeroes slots beyond its own and leaves out those for which there is no room', () => {
    const index = indexOf(10, 10)
    const into = new Uint32Array(4).fill(9)
    index.book(1, prompt(1, 3))
    index.match(prompt(1, 3), into)
    expect([...into]).toEqual([0, 3, 0, 0])
    index.confirm(index.book(0, prompt(1, 2)))
    const short = new Uint32Array(1).fill(9)
    index.match(prompt(1, 3), short)
    expect([...short]).toEqual([2])
  })

  test('does not depend on the order in which independent prompts came, while nothing is evicted', () => {
    const prompts = Array.from({ length: 8 }, (_, name) => prompt(name, name * 7 + 1))
    const orders = fc.shuffledSubarray(prompts, { minLength: prompts.length })
    const booked = (order: readonly BlockKeys[]) => {
      const index = indexOf(1000, 1000, 1000)
      for (const keys of order) index.book(prompts.indexOf(keys) % 3, keys)
      return prompts.map((keys) => matches(index, keys))
    }
    const compare = (order: readonly BlockKeys[]) => {
      expect(booked(order)).toEqual(booked(prompts))
    }
    fc.assert(fc.property(orders, compare))
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

  test('are not won from the blocks of the prompt that is being booked', () => {
    const index = new PredictedIndex({ maxBytes: 4096 })
    for (const capacity of [1000, 1000]) index.addEndpoint(capacity)
    const most = index.maxHeld
    index.book(0, prompt(1, most - 20))
    index.book(1, prompt(2, 20))
    index.book(0, prompt(1, most - 15))
    expect([index.held(0), index.held(1)]).toEqual([most - 15, 15])
    expect(index.evictions).toEqual({ capacity: 0, budget: 5, correction: 0, withdrawal: 0 })
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
