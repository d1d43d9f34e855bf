import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BlockKeys } from './block-keys.ts'
import type { Booking } from './booking.ts'
import { LAST_TICK } from './endpoint-cache.ts'
import { PredictedIndex } from './predicted-index.ts'
import { ModelIndex, type ModelBooking } from './testing/model-index.ts'

const DEEPEST = 6

/** Every block there can be: all words over `ab` up to the greatest depth. */
const PATHS: string[] = ['a', 'b']
for (const path of PATHS) if (path.length < DEEPEST) PATHS.push(`${path}a`, `${path}b`)
const LONGEST = PATHS.filter((path) => path.length === DEEPEST)

/** How many leading blocks of a prompt are among the blocks held. */
function depthOf(held: ReadonlySet<string>, path: string): number {
  let depth = 0
  while (depth < path.length && held.has(path.slice(0, depth + 1))) depth++
  return depth
}

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

const slot = fc.nat(59)
const capacity = fc.nat(40)
/** How many bookings ago. */
const ago = fc.nat(12)

const step = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.record({
      act: fc.constant('book' as const),
      slot,
      path: fc.array(fc.constantFrom('a', 'a', 'b'), { maxLength: DEEPEST, size: 'max' }),
      started: fc.boolean(),
    }),
  },
  { weight: 10, arbitrary: fc.record({ act: fc.constant('confirm' as const), ago }) },
  { weight: 15, arbitrary: fc.record({ act: fc.constant('withdraw' as const), ago }) },
  { weight: 40, arbitrary: fc.record({ act: fc.constant('correct' as const), ago, cached: fc.nat(DEEPEST) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('clear' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('remove' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('add' as const), capacity }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('resize' as const), slot, capacity }) },
)
/** Steps enough to fill an index. */
const stepsFor = (atLeast: number) =>
  fc.noBias(fc.array(step, { minLength: atLeast, maxLength: atLeast + 50, size: 'max' }))

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** What can be seen of an index from outside. */
interface View {
  readonly withinBytes: boolean
  readonly prefixClosed: boolean
  readonly held: readonly number[]
  readonly learned: readonly number[]
  /** Matched, trusted and kept blocks of the last booking. */
  readonly booked: readonly number[]
  /** For each of the longest prompts, the match of each slot. */
  readonly matches: string
  /** For each block alone, whether each slot holds it, and how many do. */
  readonly blocks: string
}

/** The index and the model side by side, given the same steps. */
class Pair {
  readonly #index: PredictedIndex
  readonly #model: ModelIndex
  readonly #bookings: { readonly real: Booking; readonly model: ModelBooking }[] = []
  readonly #maxBytes: number

  constructor(maxBytes: number, ticksToWrap: number, capacities: readonly number[]) {
    this.#maxBytes = maxBytes
    this.#index = new PredictedIndex({ maxBytes, firstTick: LAST_TICK - ticksToWrap })
    this.#model = new ModelIndex(this.#index.maxHeld, ticksToWrap)
    for (const capacity of capacities) this.#add(capacity)
  }

  take(next: Step): void {
    if (next.act === 'add') {
      if (this.#model.endpoints.length < 5) this.#add(next.capacity)
    } else if ('ago' in next) {
      this.#takeBooking(next)
    } else {
      this.#takeSlot(next, next.slot % this.#model.endpoints.length)
    }
  }

  #add(capacity: number): void {
    const slot = this.#model.add(capacity)
    if (this.#index.addEndpoint(capacity) !== slot) throw new Error(`expected slot ${slot}`)
  }

  #takeBooking(next: Extract<Step, { ago: number }>): void {
    const booking = this.#bookings.at(-1 - next.ago)
    if (booking === undefined) return
    if (next.act === 'correct') {
      this.#index.correct(booking.real, next.cached)
      this.#model.correct(booking.model, next.cached)
    } else {
      this.#index[next.act](booking.real)
      this.#model[next.act](booking.model)
    }
  }

  #takeSlot(next: Extract<Step, { slot: number }>, slot: number): void {
    if (this.#model.endpoints[slot] === undefined) return
    if (next.act === 'book') {
      const path = next.path.join('')
      const real = this.#index.book(slot, KEYS.get(path) ?? NO_KEYS)
      const model = this.#model.book(slot, path)
      this.#bookings.push({ real, model })
      if (!next.started) return
      this.#index.confirm(real)
      this.#model.confirm(model)
    } else if (next.act === 'resize') {
      this.#index.setCapacity(slot, next.capacity)
      this.#model.setCapacity(slot, next.capacity)
    } else if (next.act === 'clear') {
      this.#index.clear(slot)
      this.#model.clear(slot)
    } else {
      this.#index.removeEndpoint(slot)
      this.#model.endpoints[slot] = undefined
    }
  }

  /** The index. Asking for each block alone shows a block that is held without the ones before it. */
  real(): View {
    const index = this.#index
    const slots = this.#model.endpoints.flatMap((endpoint, slot) => (endpoint === undefined ? [] : [slot]))
    const last = this.#bookings.at(-1)?.real
    const into = new Uint32Array(index.slots)
    const matchOf = (keys: BlockKeys): number[] => {
      index.match(keys, into)
      return [...into]
    }
    const blocks = PATHS.map((path) => {
      const key = KEYS.get(path)!.words.slice(-2)
      return [...matchOf({ count: 1, words: key }), index.holders(key[0]!, key[1]!)]
    })
    const parentOf = (at: number) => blocks[Math.floor(at / 2) - 1]
    return {
      withinBytes: index.bytes <= this.#maxBytes,
      prefixClosed: blocks.every((holds, at) => at < 2 || holds.every((held, slot) => held <= parentOf(at)![slot]!)),
      held: slots.map((slot) => index.held(slot)),
      learned: slots.map((slot) => index.learnedCapacity(slot)),
      booked: last === undefined ? [] : [last.matched, last.trusted, last.blocks],
      matches: LONGEST.map((path) => matchOf(KEYS.get(path)!).join()).join(' '),
      blocks: blocks.map((holds) => holds.join()).join(' '),
    }
  }

  /** The model. */
  expected(): View {
    const model = this.#model
    const endpoints = model.endpoints.filter((endpoint) => endpoint !== undefined)
    const last = this.#bookings.at(-1)?.model
    const paths = model.paths()
    return {
      withinBytes: true,
      prefixClosed: true,
      held: endpoints.map((endpoint) => endpoint.blocks.length),
      learned: endpoints.map((endpoint) => model.bound(endpoint)),
      booked: last === undefined ? [] : [last.matched, last.trusted, last.kept],
      matches: LONGEST.map((path) => paths.map((held) => depthOf(held, path)).join()).join(' '),
      blocks: PATHS.map((path) => {
        const holds = paths.map((held) => Number(held.has(path)))
        return [...holds, holds.filter((hold) => hold === 1).length].join()
      }).join(' '),
    }
  }
}

test('does what the model does while bytes suffice', () => {
  const capacities = fc.array(fc.integer({ min: 3, max: 60 }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(capacities, fc.nat(40), stepsFor(30), (sizes, ticksToWrap, all) => {
      const pair = new Pair(1 << 20, ticksToWrap, sizes)
      for (const next of all) {
        pair.take(next)
        expect(pair.real()).toEqual(pair.expected())
      }
    }),
    { numRuns: 120 },
  )
})

test('does what the model does when bytes run out', () => {
  const capacities = fc.array(fc.integer({ min: 20, max: 250 }), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(capacities, fc.nat(40), stepsFor(120), (sizes, ticksToWrap, all) => {
      const pair = new Pair(4096, ticksToWrap, sizes)
      for (const next of all) {
        pair.take(next)
        expect(pair.real()).toEqual(pair.expected())
      }
    }),
    { numRuns: 40 },
  )
})
