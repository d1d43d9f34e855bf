import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BlockKeys } from './block-keys.ts'
import type { Booking } from './booking.ts'
import { LAST_TICK } from './endpoint-cache.ts'
import { PredictedIndex } from './predicted-index.ts'

// The model keeps everything apart that the index keeps together: each endpoint has a list of its blocks, newest first,
// and each block the set of the pending bookings that need it. A block is named by the path of the tree of prompts.

interface ModelBlock {
  readonly path: string
  stamp: number
  trusted: boolean
  readonly vouchers: Set<ModelBooking>
}

interface ModelEndpoint {
  blocks: ModelBlock[]
  configured: number
  learned: number
  bookings: number
  era: number
}

interface ModelBooking {
  readonly endpoint: ModelEndpoint
  readonly era: number
  readonly matched: number
  readonly trusted: number
  readonly kept: number
  readonly stampsBefore: readonly number[]
  pending: boolean
  withdrawn: boolean
  corrected: boolean
}

class Model {
  readonly endpoints: (ModelEndpoint | undefined)[] = []
  readonly maxHeld: number
  readonly ticksToWrap: number
  #clock = 0

  constructor(maxHeld: number, ticksToWrap: number) {
    this.maxHeld = maxHeld
    this.ticksToWrap = ticksToWrap
  }

  add(configured: number): number {
    const free = this.endpoints.indexOf(undefined)
    const slot = free === -1 ? this.endpoints.length : free
    this.endpoints[slot] = { blocks: [], configured, learned: Infinity, bookings: 0, era: 0 }
    return slot
  }

  bound(endpoint: ModelEndpoint): number {
    return Math.min(endpoint.configured, Math.floor(endpoint.learned))
  }

  depth(endpoint: ModelEndpoint | undefined, path: string): number {
    let depth = 0
    while (depth < path.length && endpoint?.blocks.some((block) => block.path === path.slice(0, depth + 1))) depth++
    return depth
  }

  book(slot: number, path: string): ModelBooking {
    const endpoint = this.endpoints[slot]!
    if (endpoint.bookings++ === this.ticksToWrap) endpoint.era++
    this.#clock++
    const kept = Math.min(path.length, this.bound(endpoint), this.maxHeld)
    const chain = Array.from({ length: kept }, (_, depth) => path.slice(0, depth + 1))
    const before = chain.flatMap((name) => endpoint.blocks.filter((block) => block.path === name))
    const booking: ModelBooking = {
      endpoint,
      era: endpoint.era,
      matched: before.length,
      trusted: before.filter((block) => block.trusted).length,
      kept,
      stampsBefore: before.map((block) => block.stamp),
      pending: true,
      withdrawn: false,
      corrected: false,
    }
    const fresh = chain.slice(before.length)
    const refreshed = new Set(before)
    const others = endpoint.blocks.filter((block) => !refreshed.has(block))
    while (others.length > 0 && before.length + others.length + fresh.length > this.bound(endpoint)) others.pop()
    endpoint.blocks = [...before, ...others]
    this.#makeRoom(endpoint, before.length, fresh.length)
    const rest = endpoint.blocks.slice(before.length)
    const added = fresh.map((name) => ({ path: name, stamp: 0, trusted: false, vouchers: new Set<ModelBooking>() }))
    for (const block of [...before, ...added]) {
      block.stamp = this.#clock
      block.vouchers.add(booking)
    }
    endpoint.blocks = [...before, ...added, ...rest]
    return booking
  }

  #makeRoom(booked: ModelEndpoint, refreshed: number, needed: number): void {
    const spare = (endpoint: ModelEndpoint) => endpoint.blocks.length - (endpoint === booked ? refreshed : 0)
    const total = () => this.endpoints.reduce((sum, endpoint) => sum + (endpoint?.blocks.length ?? 0), 0)
    while (total() + needed > this.maxHeld) {
      let victim = booked
      for (const endpoint of this.endpoints) if (endpoint && spare(endpoint) > spare(victim)) victim = endpoint
      const dropped = Math.min(spare(victim), total() + needed - this.maxHeld)
      victim.blocks.splice(victim.blocks.length - dropped)
    }
  }

  confirm(booking: ModelBooking): void {
    if (!booking.pending) return
    booking.pending = false
    for (const block of booking.endpoint.blocks) if (block.vouchers.delete(booking)) block.trusted = true
  }

  withdraw(booking: ModelBooking): void {
    if (!booking.pending) return
    booking.pending = false
    booking.withdrawn = true
    const { endpoint } = booking
    endpoint.blocks = endpoint.blocks.filter((block) => {
      const vouched = block.vouchers.delete(booking)
      return !vouched || block.trusted || block.vouchers.size > 0
    })
  }

  correct(booking: ModelBooking, cached: number): void {
    const { endpoint } = booking
    if (booking.corrected || booking.withdrawn) return
    if (!this.endpoints.includes(endpoint) || booking.era !== endpoint.era) return
    booking.corrected = true
    if (cached >= booking.trusted) {
      if (cached === 0 || cached < booking.matched) return
      endpoint.learned *= cached > booking.matched ? 1 + 1 / 16 : 1 + 1 / 1024
      if (endpoint.learned >= endpoint.configured) endpoint.learned = Infinity
      return
    }
    const gone = booking.stampsBefore[cached]!
    endpoint.blocks = endpoint.blocks.filter((block) => block.stamp > gone || block.vouchers.size > 0)
    endpoint.learned = Math.min(endpoint.learned, Math.max(endpoint.blocks.length, booking.kept))
  }

  clear(slot: number): void {
    const endpoint = this.endpoints[slot]!
    endpoint.blocks = []
    endpoint.learned = Infinity
    endpoint.era++
  }

  setCapacity(slot: number, configured: number): void {
    const endpoint = this.endpoints[slot]!
    endpoint.configured = configured
    endpoint.blocks.splice(this.bound(endpoint))
  }
}

const DEEPEST = 7

/** Every block there can be: all words over `ab` up to the greatest depth. */
const PATHS: string[] = ['a', 'b']
for (const path of PATHS) if (path.length < DEEPEST) PATHS.push(`${path}a`, `${path}b`)
const LONGEST = PATHS.filter((path) => path.length === DEEPEST)

/** Keys of a path; small numbers, so that the table is tried with poor keys. */
function keysOf(path: string): BlockKeys {
  const words = new Uint32Array(2 * path.length)
  for (let depth = 0; depth < path.length; depth++) {
    const id = PATHS.indexOf(path.slice(0, depth + 1)) + 1
    words[2 * depth] = id % 16
    words[2 * depth + 1] = id
  }
  return { count: path.length, words }
}

const KEYS = new Map(PATHS.map((path) => [path, keysOf(path)]))
const NO_KEYS = keysOf('')

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('book' as const),
      slot: fc.nat(5),
      path: fc.array(fc.constantFrom('a', 'a', 'b'), { maxLength: DEEPEST, size: 'max' }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('confirm' as const), booking: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('withdraw' as const), booking: fc.nat(1000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('correct' as const), booking: fc.nat(1000), cached: fc.nat(DEEPEST) }),
  },
  { weight: 0.2, arbitrary: fc.record({ act: fc.constant('clear' as const), slot: fc.nat(5) }) },
  { weight: 0.2, arbitrary: fc.record({ act: fc.constant('remove' as const), slot: fc.nat(5) }) },
  { weight: 0.3, arbitrary: fc.record({ act: fc.constant('add' as const), capacity: fc.nat(40) }) },
  {
    weight: 0.5,
    arbitrary: fc.record({ act: fc.constant('resize' as const), slot: fc.nat(5), capacity: fc.nat(40) }),
  },
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** The index and the model side by side, given the same steps. */
class Pair {
  readonly index: PredictedIndex
  readonly model: Model
  readonly #bookings: { readonly real: Booking; readonly model: ModelBooking }[] = []
  readonly #maxBytes: number

  constructor(maxBytes: number, ticksToWrap: number) {
    this.#maxBytes = maxBytes
    this.index = new PredictedIndex({ maxBytes, firstTick: LAST_TICK - ticksToWrap })
    this.model = new Model(this.index.maxHeld, ticksToWrap)
  }

  add(capacity: number): void {
    expect(this.index.addEndpoint(capacity)).toBe(this.model.add(capacity))
  }

  take(next: Step): void {
    if (next.act === 'add') {
      if (this.model.endpoints.length < 6) this.add(next.capacity)
    } else if ('booking' in next) {
      this.#takeBooking(next)
    } else if (this.model.endpoints[next.slot] !== undefined) {
      this.#takeSlot(next)
    }
  }

  #takeBooking(next: Extract<Step, { booking: number }>): void {
    // Recent bookings are tried more often than old ones.
    const booking = this.#bookings[this.#bookings.length - 1 - Math.floor(next.booking ** 2 / 25_000)]
    if (booking === undefined) return
    if (next.act === 'correct') {
      this.index.correct(booking.real, next.cached)
      this.model.correct(booking.model, next.cached)
    } else {
      this.index[next.act](booking.real)
      this.model[next.act](booking.model)
    }
  }

  #takeSlot(next: Extract<Step, { slot: number }>): void {
    const { slot } = next
    if (next.act === 'book') {
      const path = next.path.join('')
      const booking = { real: this.index.book(slot, KEYS.get(path) ?? NO_KEYS), model: this.model.book(slot, path) }
      expect(booking.real.matched).toBe(booking.model.matched)
      expect(booking.real.trusted).toBe(booking.model.trusted)
      expect(booking.real.blocks).toBe(booking.model.kept)
      this.#bookings.push(booking)
    } else if (next.act === 'resize') {
      this.index.setCapacity(slot, next.capacity)
      this.model.setCapacity(slot, next.capacity)
    } else if (next.act === 'clear') {
      this.index.clear(slot)
      this.model.clear(slot)
    } else {
      this.index.removeEndpoint(slot)
      this.model.endpoints[slot] = undefined
    }
  }

  /** Compares whatever can be asked. */
  compare(): void {
    const { index, model } = this
    expect(index.bytes).toBeLessThanOrEqual(this.#maxBytes)
    model.endpoints.forEach((endpoint, slot) => {
      if (endpoint === undefined) return
      expect(index.held(slot)).toBe(endpoint.blocks.length)
      expect(index.held(slot)).toBeLessThanOrEqual(model.bound(endpoint))
      expect(index.learnedCapacity(slot)).toBe(model.bound(endpoint))
    })
    const into = new Uint32Array(index.slots)
    for (const path of LONGEST) {
      index.match(KEYS.get(path)!, into)
      expect([...into]).toEqual(model.endpoints.map((endpoint) => model.depth(endpoint, path)))
    }
  }

  /** Asks for each block alone, so that blocks without the ones before them would show. */
  compareEachBlock(): void {
    const { index, model } = this
    const held = model.endpoints.map((endpoint) => new Set(endpoint?.blocks.map((block) => block.path)))
    const into = new Uint32Array(index.slots)
    for (const path of PATHS) {
      const last = KEYS.get(path)!.words.subarray(2 * path.length - 2)
      const holders = held.map((paths) => (paths.has(path) ? 1 : 0))
      index.match({ count: 1, words: last }, into)
      expect([...into]).toEqual(holders)
      expect(index.holders(last[0]!, last[1]!)).toBe(holders.filter((holds) => holds === 1).length)
      for (const paths of held)
        if (paths.has(path)) expect(path.length === 1 || paths.has(path.slice(0, -1))).toBe(true)
    }
  }
}

function run(pair: Pair, capacities: readonly number[], steps: readonly Step[]): void {
  for (const capacity of capacities) pair.add(capacity)
  for (const next of steps) {
    pair.take(next)
    pair.compare()
  }
  pair.compareEachBlock()
}

const steps = fc.array(step, { maxLength: 60, size: 'max' })

test('does what the model does while bytes suffice', () => {
  const capacities = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(capacities, fc.nat(40), steps, (sizes, ticksToWrap, all) => {
      run(new Pair(1 << 20, ticksToWrap), sizes, all)
    }),
    { numRuns: 200 },
  )
})

test('does what the model does when bytes run out', () => {
  const capacities = fc.array(fc.integer({ min: 20, max: 250 }), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(capacities, fc.nat(40), fc.array(step, { minLength: 40, maxLength: 80 }), (sizes, ticksToWrap, all) => {
      run(new Pair(4096, ticksToWrap), sizes, all)
    }),
    { numRuns: 100 },
  )
})
