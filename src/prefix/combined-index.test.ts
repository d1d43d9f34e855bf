import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PrefixIndex } from '../core/prefix-index.ts'
import type { BlockKeys } from './block-keys.ts'
import { CombinedIndex } from './combined-index.ts'
import { PromptKeys } from './prompt-keys.ts'
import { BLOCK_TOKENS, keysOf, removedEvent, ReportedModel, storedEvent, tokensOf } from './testing/reported-blocks.ts'
import { namespaceSeed, tokenBlockKeys } from './token-block-keys.ts'

/** Tokens that a block over bytes stands for here: two and a half blocks of tokens. */
const TOKENS_PER_BLOCK = 2.5 * BLOCK_TOKENS

function byteKeys(path: string): BlockKeys {
  const count = Math.floor((path.length * BLOCK_TOKENS) / TOKENS_PER_BLOCK)
  const tokens = tokensOf(path).subarray(0, count * TOKENS_PER_BLOCK)
  return tokenBlockKeys(tokens, TOKENS_PER_BLOCK, namespaceSeed({}, TOKENS_PER_BLOCK))
}

function promptOf(path: string): PromptKeys {
  return new PromptKeys(byteKeys(path), TOKENS_PER_BLOCK, [keysOf(path)])
}

function create(endpoints: number, inFlightTokens = BLOCK_TOKENS) {
  const clock = { now: 100 }
  const reporting = { maxCopies: 1, blockTokens: BLOCK_TOKENS }
  const index = new CombinedIndex({ clock: () => clock.now, inFlightTokens, reporting })
  for (let at = 0; at < endpoints; at++) index.addEndpoint(1000)
  return { index, clock }
}

function matches(index: CombinedIndex, keys: BlockKeys, slots: number): number[] {
  const into = new Uint32Array(slots)
  index.match(keys, into)
  return [...into]
}

function inTokens(index: CombinedIndex, path: string, slots: number): number[] {
  const into = new Uint32Array(slots)
  index.matchTokens(promptOf(path), into)
  return [...into]
}

const LONG = 'ababababab'

test('it is a prefix index of the core', () => {
  const index: PrefixIndex = create(1).index
  const booking = index.book(0, byteKeys(LONG))
  index.confirm(booking)
  expect(index.held(0)).toBe(4)
})

test('endpoints in mode exact answer by their events, the others by prediction, all in blocks over bytes', () => {
  const { index } = create(3)
  index.setMode(1, 'exact')
  index.setMode(2, 'exact')
  index.confirm(index.book(0, byteKeys(LONG)))
  index.confirm(index.book(1, byteKeys(LONG)))
  index.exact.stored(1, storedEvent({ variant: 0, path: 'abababa' }, 7))
  index.exact.stored(0, storedEvent({ variant: 0, path: 'a' }, 1))
  expect(matches(index, promptOf(LONG), 3)).toEqual([4, 2, 0])
  expect(inTokens(index, LONG, 3)).toEqual([4 * TOKENS_PER_BLOCK, 7 * BLOCK_TOKENS, 0])
  expect(matches(index, byteKeys(LONG), 3)).toEqual([4, 4, 0])
})

test('what was sent counts as held until events confirm it, in time', () => {
  const { index, clock } = create(1)
  index.setMode(0, 'exact')
  const first = index.book(0, promptOf(LONG))
  expect(inTokens(index, LONG, 1)).toEqual([40])
  index.exact.stored(0, storedEvent({ variant: 0, path: LONG }, 10))
  index.confirm(first)
  expect(index.audit(0)).toEqual({ confirmed: 1, missing: 0 })
  index.exact.removed(0, removedEvent([{ variant: 0, path: 'ababa' }]))
  expect(inTokens(index, LONG, 1)).toEqual([16])
  const second = index.book(0, promptOf(LONG))
  index.confirm(second)
  clock.now += 1.9
  expect(inTokens(index, LONG, 1)).toEqual([40])
  clock.now += 0.1
  expect(inTokens(index, LONG, 1)).toEqual([16])
  expect(index.audit(0)).toEqual({ confirmed: 1, missing: 1 })
  index.confirm(second)
  index.withdraw(second)
  expect(index.audit(0)).toEqual({ confirmed: 1, missing: 1 })
})

test('prompts in flight are compared by larger steps than those that were reported', () => {
  const { index } = create(1, 3 * BLOCK_TOKENS)
  index.setMode(0, 'exact')
  index.book(0, promptOf(LONG))
  const asked = ['ab', 'abab', 'ababab', LONG, `${LONG}ab`, 'ababb']
  expect(asked.flatMap((path) => inTokens(index, path, 1))).toEqual([0, 12, 24, 36, 36, 12])
})

test('a failed attempt takes its claim back, but not what another one claims', () => {
  const { index } = create(1)
  index.setMode(0, 'exact')
  const long = index.book(0, promptOf(LONG))
  const short = index.book(0, promptOf('abab'))
  index.withdraw(long)
  expect(inTokens(index, LONG, 1)).toEqual([16])
  index.withdraw(short)
  expect(inTokens(index, LONG, 1)).toEqual([0])
})

test('an endpoint can fall back to prediction and return without losing either', () => {
  const { index } = create(1)
  index.setMode(0, 'exact')
  index.confirm(index.book(0, promptOf(LONG)))
  index.exact.stored(0, storedEvent({ variant: 0, path: 'aba' }, 3))
  index.setMode(0, 'predicted')
  expect(inTokens(index, LONG, 1)).toEqual([40])
  expect(index.blockSizes()).toEqual([])
  expect(index.held(0)).toBe(4)
  index.exact.removed(0, removedEvent([{ variant: 0, path: 'aba' }]))
  index.clear(0)
  index.exact.stored(0, storedEvent({ variant: 0, path: 'ab' }, 2))
  index.setMode(0, 'exact')
  expect(inTokens(index, LONG, 1)).toEqual([8])
  expect(index.blockSizes()).toEqual([BLOCK_TOKENS])
  expect(index.held(0)).toBe(0)
})

test('no more blocks over bytes match than the prompt has, whatever they are estimated to be in tokens', () => {
  const { index } = create(1)
  index.setMode(0, 'exact')
  index.exact.stored(0, storedEvent({ variant: 0, path: LONG }, 10))
  const keys = new PromptKeys(byteKeys(LONG), 5, [keysOf(LONG)])
  expect(matches(index, keys, 1)).toEqual([4])
})

test('blocks in lower tiers count for what loading them saves', () => {
  const { index } = create(1)
  index.setMode(0, 'exact')
  index.exact.stored(0, storedEvent({ variant: 0, path: 'ab' }, 2))
  index.exact.stored(0, storedEvent({ variant: 0, path: 'abababab' }, 6, { tier: 'cpu' }))
  expect(inTokens(index, LONG, 1)).toEqual([(2 + Math.floor(6 * 0.75)) * BLOCK_TOKENS])
})

test('started prompts that are never reported do not pile up', () => {
  const { index, clock } = create(1)
  index.setMode(0, 'exact')
  for (let round = 0; round < 5000; round++) {
    clock.now += 0.01
    index.confirm(index.book(0, promptOf(round % 2 === 0 ? 'abab' : 'bbbb')))
  }
  clock.now += 10
  expect(inTokens(index, 'abab', 1)).toEqual([0])
  expect(index.audit(0)).toEqual({ confirmed: 0, missing: 5000 })
})

test('an endpoint removed with prompts in flight leaves nothing to the next one in its slot', () => {
  const { index, clock } = create(1)
  index.setMode(0, 'exact')
  const early = index.book(0, promptOf(LONG))
  index.confirm(index.book(0, promptOf(LONG)))
  index.removeEndpoint(0)
  expect(index.addEndpoint(1000)).toBe(0)
  expect(index.mode(0)).toBe('predicted')
  index.setMode(0, 'exact')
  index.confirm(early)
  clock.now += 10
  expect(inTokens(index, LONG, 1)).toEqual([0])
  expect(index.audit(0)).toEqual({ confirmed: 0, missing: 0 })
  expect(() => index.mode(1)).toThrow(/no endpoint at slot 1/)
})

const path = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6, size: 'max' })
const step = fc.record({
  act: fc.constantFrom(
    'book',
    'book',
    'book',
    'confirm',
    'withdraw',
    'wait',
    'store',
    'store',
    'remove',
    'mode',
    'clear',
  ),
  slot: fc.nat(1),
  path,
  ago: fc.nat(4),
})

interface Claim {
  readonly slot: number
  readonly path: string
  readonly booking: ReturnType<CombinedIndex['book']>
  deadline: number | undefined
}

/** The index beside what it should do, done plainly: reported sets, and a list of prompts in flight. */
class Pair {
  readonly #models = [new ReportedModel(1), new ReportedModel(1)]
  readonly #exact = [false, false]
  readonly #claims: Claim[] = []
  #flights: Claim[] = []
  readonly #index: CombinedIndex
  readonly #clock: { now: number }

  constructor() {
    const { index, clock } = create(2)
    this.#index = index
    this.#clock = clock
  }

  claim(ago: number): Claim | undefined {
    return this.#claims.at(-1 - ago)
  }

  book(slot: number, path: string): void {
    const made = { slot, path, booking: this.#index.book(slot, promptOf(path)), deadline: undefined }
    this.#claims.push(made)
    if (this.#exact[slot]) this.#flights.push(made)
  }

  confirm(claim: Claim | undefined): void {
    if (claim === undefined) return
    this.#index.confirm(claim.booking)
    const reported = this.#models[claim.slot]!.runs(claim.path, 1).gpu === claim.path.length
    claim.deadline ??= reported ? Number.NEGATIVE_INFINITY : this.#clock.now + 2
  }

  withdraw(claim: Claim | undefined): void {
    if (claim === undefined) return
    this.#index.withdraw(claim.booking)
    claim.deadline ??= Number.NEGATIVE_INFINITY
  }

  wait(): void {
    this.#clock.now += 1
  }

  store(slot: number, path: string): void {
    this.#index.exact.stored(slot, storedEvent({ variant: 0, path }, path.length))
    this.#models[slot]!.store({ variant: 0, path }, path.length, {})
  }

  remove(slot: number, path: string): void {
    this.#index.exact.removed(slot, removedEvent([{ variant: 0, path }]))
    this.#models[slot]!.remove({ variant: 0, path }, {})
  }

  mode(slot: number): void {
    this.#exact[slot] = !this.#exact[slot]
    this.#index.setMode(slot, this.#exact[slot] ? 'exact' : 'predicted')
  }

  clear(slot: number): void {
    this.#index.clear(slot)
    this.#models[slot]!.clear()
    this.#flights = this.#flights.filter((other) => other.slot !== slot)
  }

  /** What some prompts match, in tokens and in blocks over bytes: of the index, and as it should be. */
  compare(): { readonly seen: number[][]; readonly expected: number[][] } {
    const seen: number[][] = []
    const all: number[][] = []
    this.#flights = this.#flights.filter(({ deadline }) => deadline === undefined || deadline > this.#clock.now)
    for (const asked of ['aabbab', 'ababab', 'bbabaa']) {
      const predicted = new Uint32Array(2)
      this.#index.predicted.match(byteKeys(asked), predicted)
      const expected = this.#models.map((model, at) => {
        if (!this.#exact[at]) return predicted[at]! * TOKENS_PER_BLOCK
        const flying = this.#flights.filter((other) => other.slot === at).map((other) => common(other.path, asked))
        return Math.max(model.runs(asked, 1).gpu, ...flying) * BLOCK_TOKENS
      })
      seen.push(inTokens(this.#index, asked, 2), matches(this.#index, promptOf(asked), 2))
      all.push(
        expected,
        expected.map((tokens) => Math.min(2, Math.floor(tokens / TOKENS_PER_BLOCK))),
      )
    }
    return { seen, expected: all }
  }
}

test('under any steps, an exact endpoint holds the longest of what it reported and what is in flight to it', () => {
  fc.assert(
    fc.property(fc.noBias(fc.array(step, { minLength: 30, maxLength: 60, size: 'max' })), (steps) => {
      const pair = new Pair()
      for (const { act, slot, path, ago } of steps) {
        if (act === 'confirm' || act === 'withdraw') pair[act](pair.claim(ago))
        else if (act === 'wait') pair.wait()
        else pair[act](slot, path)
        const { seen, expected } = pair.compare()
        expect(seen).toEqual(expected)
      }
    }),
    { numRuns: 60 },
  )
})

function common(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}
