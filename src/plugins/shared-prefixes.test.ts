import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SchedulingRequest } from '../core/request.ts'
import { createSharedPrefixes, type SharedPrefix } from './shared-prefixes.ts'
import { candidates } from './testing/candidate.ts'
import { keysOf, request } from './testing/request.ts'

/** Prompts in blocks of 10 tokens, with 5 tokens behind the last block. */
function promptOf(contents: readonly number[], tokensPerBlock = 10): SchedulingRequest {
  const promptTokens = tokensPerBlock * contents.length + 5
  return request({ blocks: keysOf(contents), tokensPerBlock, promptTokens })
}

/** A prompt that begins with `shared` blocks of its family and goes on alone. */
const contentsOf = (family: number, shared: number, length: number, own: number) =>
  Array.from({ length }, (_, block) => (block < shared ? family : 1000 + own))

const holding = (...matches: readonly number[]) => candidates(...matches.map((matchedTokens) => ({ matchedTokens })))

/** What a look has found, which the next look overwrites. */
const found = ({ dueTokens, dueSharing }: SharedPrefix) => ({ dueTokens, dueSharing })

describe('another copy', () => {
  test('is due while fewer endpoints hold a beginning than its share of those in flight wants', () => {
    const shared = createSharedPrefixes()
    const hot = (own: number) => promptOf(contentsOf(1, 8, 12, own))
    for (let own = 0; own < 5; own++) shared.add(hot(own))
    for (let own = 0; own < 6; own++) shared.add(promptOf(contentsOf(2, 12, 12, own)))
    // 6 of 12 in flight begin with 8 blocks: they want 2 of 4 endpoints.
    expect(found(shared.look(hot(9), holding(80, 0, 0, 0)))).toEqual({ dueTokens: 80, dueSharing: 5 })
    expect(found(shared.look(hot(9), holding(80, 80, 0, 0)))).toEqual({ dueTokens: 0, dueSharing: 0 })
    // Two hold the first four blocks, one all eight.
    expect(found(shared.look(hot(9), holding(80, 70, 0, 0)))).toEqual({ dueTokens: 80, dueSharing: 5 })
  })

  test('may be half an endpoint late', () => {
    const shared = createSharedPrefixes()
    const hot = (own: number) => promptOf(contentsOf(1, 4, 4, own))
    const fill = (others: number) => {
      for (let own = 0; own < others; own++) shared.add(promptOf(contentsOf(own + 10, 4, 4, own)))
    }
    shared.add(hot(0))
    shared.add(hot(1))
    fill(5)
    // 3 of 8 in flight want 1.5 of 4 endpoints; with one more beside them a little less.
    expect(shared.look(hot(2), holding(40, 0, 0, 0)).dueTokens).toBe(40)
    shared.add(promptOf(contentsOf(99, 4, 4, 99)))
    expect(shared.look(hot(2), holding(40, 0, 0, 0)).dueTokens).toBe(0)
  })

  test('is never due for a prompt that shares its beginning with none in flight', () => {
    const shared = createSharedPrefixes()
    const session = promptOf(contentsOf(1, 12, 12, 0))
    for (let turn = 0; turn < 10; turn++) {
      expect(found(shared.look(session, holding(120, 0, 0, 0)))).toEqual({ dueTokens: 0, dueSharing: 0 })
      shared.add(session)
      shared.remove(session)
    }
  })

  test('is seen to be there where a match is in whole tokens and blocks are not', () => {
    const shared = createSharedPrefixes()
    const hot = promptOf(contentsOf(1, 4, 4, 0), 15.6)
    shared.add(hot)
    expect(shared.look(hot, holding(62, 62)).dueTokens).toBe(0)
    expect(shared.look(hot, holding(61, 61)).dueTokens).toBe(62)
  })
})

test('tokens that several share are shared by those in flight on each of their holders', () => {
  const shared = createSharedPrefixes()
  const hot = (own: number) => promptOf(contentsOf(1, 8, 10, own))
  expect(shared.none.newTokens(40)).toBe(0)
  for (let own = 0; own < 6; own++) shared.add(hot(own))
  const prefix = shared.look(hot(9), holding(80, 80, 0))
  // Six others on two endpoints: three on each beside this one.
  expect(prefix.newTokens(80)).toBe(80 / 4 + 25)
  expect(prefix.newTokens(100)).toBe(80 / 4 + 25)
  expect(prefix.newTokens(79)).toBe(40 / 4 + 65)
  expect(prefix.newTokens(0)).toBe(105)
})

/** Every fourth block up to 16, then four depths a doubling. */
const DEPTHS = [4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96]

/** All that is in flight, compared block by block. */
function slowLook(inFlight: readonly (readonly number[])[], asked: readonly number[], matches: readonly number[]) {
  const levels = DEPTHS.filter((depth) => depth <= asked.length)
    .map((depth) => ({
      tokens: 10 * depth,
      others: inFlight.filter(
        (contents) => contents.length >= depth && asked.slice(0, depth).every((content, i) => contents[i] === content),
      ).length,
      holders: matches.filter((matched) => matched >= 10 * depth).length,
    }))
    .filter(({ others }) => others > 0)
  const due = levels.findLast(
    ({ others, holders }) => ((others + 1) * matches.length) / (inFlight.length + 1) >= holders + 0.5,
  )
  return {
    due: { dueTokens: due?.tokens ?? 0, dueSharing: due?.others ?? 0 },
    newTokens(matched: number): number {
      let sum = 0
      for (let token = 0; token < 10 * asked.length + 5; token++) {
        const level = levels.find(({ tokens }) => token < tokens)
        const isShared = level !== undefined && level.tokens <= matched
        sum += isShared ? 1 / (1 + level.others / Math.max(1, level.holders)) : 1
      }
      return sum
    },
  }
}

test('finds what comparing with all prompts in flight finds, whatever came and went', () => {
  const prompt = fc
    .tuple(fc.nat(1), fc.nat(70), fc.nat(30), fc.nat(2))
    .map(([family, common, rest, own]) => contentsOf(family, common, common + rest, own))
  const step = fc.record({
    prompt,
    leaves: fc.boolean(),
    which: fc.nat(100),
    matches: fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const shared = createSharedPrefixes()
      const inFlight: { contents: readonly number[]; request: SchedulingRequest }[] = []
      for (const { prompt, leaves, which, matches } of steps) {
        const prefix = shared.look(promptOf(prompt), holding(...matches))
        const model = slowLook(
          inFlight.map(({ contents }) => contents),
          prompt,
          matches,
        )
        expect(found(prefix)).toEqual(model.due)
        for (const matched of matches) expect(prefix.newTokens(matched)).toBeCloseTo(model.newTokens(matched), 6)
        if (leaves && inFlight.length > 0) {
          const [gone] = inFlight.splice(which % inFlight.length, 1)
          if (gone !== undefined) shared.remove(gone.request)
        } else {
          const added = { contents: prompt, request: promptOf(prompt) }
          inFlight.push(added)
          shared.add(added.request)
        }
      }
    }),
    { numRuns: 200 },
  )
})
