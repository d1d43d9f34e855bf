import { expect, test } from 'vitest'
import { CombinedIndex } from './combined-index.ts'
import { PromptKeys } from './prompt-keys.ts'
import { BLOCK_TOKENS, keysOf, storedEvent } from './testing/reported-blocks.ts'
import { prompt } from './testing/index-fixture.ts'

/** A prompt of `count` blocks over bytes, each of which stands for so many tokens; its tokens are those of `path`. */
function promptOf(name: number, count: number, path: string, tokensPerBlock = BLOCK_TOKENS): PromptKeys {
  return new PromptKeys(prompt(name, count), tokensPerBlock, [keysOf(path)])
}

function create(endpoints: number): CombinedIndex {
  const index = new CombinedIndex({ clock: () => 0, reporting: { blockTokens: BLOCK_TOKENS } })
  for (let at = 0; at < endpoints; at++) {
    index.addEndpoint(1000)
    index.setMode(at, 'exact')
  }
  return index
}

test('reports that differ by rounding from what was reported to be held do not cost the predictions', () => {
  const index = create(1)
  for (let name = 1; name <= 10; name++) index.confirm(index.book(0, promptOf(name, 43, 'ab')))
  const booking = index.book(0, promptOf(5, 43, 'ab'))
  index.confirm(booking)
  expect(index.correct(booking, 42)).toBe(0)
  expect([index.predicted.held(0), index.predicted.learnedCapacity(0)]).toEqual([430, 1000])
})

test('a report of much less than was predicted does', () => {
  const index = create(1)
  for (let name = 1; name <= 10; name++) index.confirm(index.book(0, promptOf(name, 43, 'ab')))
  const booking = index.book(0, promptOf(5, 43, 'ab'))
  index.confirm(booking)
  expect(index.correct(booking, 20)).toBe(4 * 43)
  expect([index.predicted.held(0), index.predicted.learnedCapacity(0)]).toEqual([6 * 43, 6 * 43])
})

test('how many blocks over bytes are held does not follow a single prompt', () => {
  const index = create(1)
  const blockHashes = Array.from({ length: 100 }, (_, at) => BigInt(at))
  index.exact.stored(0, { ...storedEvent({ variant: 0, path: 'ab'.repeat(50) }, 100), blockHashes })
  for (let at = 0; at < 32; at++) index.confirm(index.book(0, promptOf(at, 2, 'ab', 2 * BLOCK_TOKENS)))
  expect(index.held(0)).toBe(50)
  index.confirm(index.book(0, promptOf(99, 2, 'ab', 4 * BLOCK_TOKENS)))
  expect(index.held(0)).toBe(48)
})

test('an array that is too short for the last endpoints has the matches of the first', () => {
  const index = create(3)
  index.setMode(0, 'predicted')
  for (const slot of [0, 2]) index.confirm(index.book(slot, promptOf(1, 2, 'ab')))
  index.exact.stored(1, storedEvent({ variant: 0, path: 'ab' }, 2))
  const into = new Uint32Array(2)
  index.match(promptOf(1, 2, 'ab'), into)
  expect([...into]).toEqual([2, 2])
  index.matchTokens(promptOf(1, 2, 'ab'), into)
  expect([...into]).toEqual([2 * BLOCK_TOKENS, 2 * BLOCK_TOKENS])
})
