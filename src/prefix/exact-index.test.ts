import { expect, test } from 'vitest'
import { ExactIndex } from './exact-index.ts'
import { BLOCK_TOKENS, hashOf, keysOf, removedEvent, storedEvent, tokensOf } from './testing/reported-blocks.ts'
import { TierMatches } from './tier-matches.ts'
import { namespaceSeed, tokenBlockKeys } from './token-block-keys.ts'

const block = (path: string, variant = 0) => ({ path, variant })

function matches(index: ExactIndex, path: string): number[] {
  const into = new Uint32Array(index.slots).fill(77)
  index.match(keysOf(path), into)
  return [...into]
}

function many(count: number): bigint[] {
  return Array.from({ length: count }, (_, at) => BigInt(at + 1))
}

function indexOf(endpoints: number): ExactIndex {
  const index = new ExactIndex()
  for (let at = 0; at < endpoints; at++) index.addEndpoint()
  return index
}

test('blocks behind an unknown one wait for it and are there once it comes', () => {
  const index = indexOf(1)
  expect(index.stored(0, storedEvent(block('abab'), 2))).toBe('orphaned')
  expect(matches(index, 'abab')).toEqual([0])
  expect([index.held(0), index.records(0)]).toEqual([2, 3])
  expect(index.stored(0, storedEvent(block('ab'), 1))).toBe('orphaned')
  expect(matches(index, 'abab')).toEqual([0])
  expect(index.stored(0, storedEvent(block('a'), 1))).toBe('applied')
  expect(matches(index, 'abab')).toEqual([4])
  expect(index.counts(0)).toMatchObject({ orphaned: 2, stored: 4 })
})

test('a removed block that has others behind it hides them until it is back, and is forgotten with the last of them', () => {
  const index = indexOf(1)
  index.stored(0, storedEvent(block('abab'), 4))
  index.removed(0, removedEvent([block('ab')]))
  expect(matches(index, 'abab')).toEqual([1])
  index.stored(0, storedEvent(block('ab'), 1))
  expect(matches(index, 'abab')).toEqual([4])
  index.removed(0, removedEvent([block('ab'), block('abab')]))
  expect(index.records(0)).toBe(3)
  index.removed(0, removedEvent([block('aba')]))
  expect(index.records(0)).toBe(1)
  expect(matches(index, 'abab')).toEqual([1])
})

test('adapter and salt of a prompt’s first block are inherited, and extra keys keep blocks apart', () => {
  const index = indexOf(1)
  index.stored(0, { ...storedEvent(block('a'), 1), cacheSalt: 'salt', loraName: 'lora' })
  index.stored(0, storedEvent(block('ab'), 1))
  const image = { kind: 'multimodal' as const, identifier: 'cat', offset: 1 }
  index.stored(0, { ...storedEvent(block('aba'), 1), extraKeys: [[image]] })
  expect(matches(index, 'aba')).toEqual([0])
  const seed = namespaceSeed({ adapter: 'lora', cacheSalt: 'salt' }, BLOCK_TOKENS)
  const salted = tokenBlockKeys(tokensOf('aba'), BLOCK_TOKENS, seed)
  expect(index.depth(0, salted)).toBe(2)
  expect(index.depth(0, tokenBlockKeys(tokensOf('aba'), BLOCK_TOKENS, seed, [[], [], [image]]))).toBe(3)
})

test('what an engine keeps apart without telling is counted once, and the second takes over when the first goes', () => {
  const index = indexOf(2)
  index.stored(0, storedEvent(block('ab'), 2))
  index.stored(1, storedEvent(block('ab'), 2))
  const again = { ...storedEvent(block('ab'), 1), blockHashes: [99n] }
  index.stored(0, again)
  index.stored(0, { ...storedEvent(block('aba'), 1), parentHash: 99n, blockHashes: [100n] })
  expect(matches(index, 'aba')).toEqual([2, 2])
  index.removed(0, removedEvent([block('ab')]))
  expect(matches(index, 'aba')).toEqual([3, 2])
  index.removed(0, { blockHashes: [99n] })
  expect(matches(index, 'aba')).toEqual([1, 2])
})

test('two chains of the same tokens under different hashes are one prompt to look up', () => {
  const index = indexOf(1)
  index.stored(0, storedEvent(block('abab', 0), 3 + 1))
  index.stored(0, storedEvent(block('ab', 1), 2))
  expect(matches(index, 'abab')).toEqual([4])
  index.removed(0, removedEvent([block('aba', 0)]))
  index.removed(0, removedEvent([block('a', 0)]))
  expect(matches(index, 'abab')).toEqual([2])
})

test('events may come twice, unless copies are told apart', () => {
  const index = new ExactIndex()
  index.addEndpoint({ maxCopies: 1 })
  index.addEndpoint({ maxCopies: 8 })
  for (const slot of [0, 1]) {
    index.stored(slot, storedEvent(block('ab'), 2))
    index.stored(slot, storedEvent(block('ab'), 2))
    index.removed(slot, removedEvent([block('ab')]))
  }
  expect(matches(index, 'ab')).toEqual([1, 2])
})

test('groups without whole prefixes are left out, in removals too', () => {
  const index = indexOf(1)
  const window = { groupIndex: 1, groupKind: 'sliding_window' }
  index.stored(0, storedEvent(block('ab'), 2, { groupIndex: 0, groupKind: 'full_attention' }))
  expect(index.stored(0, storedEvent(block('abab'), 4, window))).toBe('other-attention')
  expect(index.removed(0, removedEvent([block('a')], { groupIndex: 1 }))).toBe('other-attention')
  expect(matches(index, 'abab')).toEqual([2])
})

test('blocks of another size, of other memory and with the wrong number of tokens are refused', () => {
  const index = indexOf(1)
  const event = storedEvent(block('ab'), 2)
  expect(index.stored(0, { ...event, locality: 'REMOTE' })).toBe('elsewhere')
  expect(index.stored(0, { ...event, ownership: 'kvcr' })).toBe('elsewhere')
  expect(index.stored(0, { ...event, tokenIds: event.tokenIds.subarray(1) })).toBe('malformed')
  expect(index.stored(0, event)).toBe('applied')
  expect(index.stored(0, { ...event, blockSize: 8, tokenIds: new Uint32Array(16) })).toBe('other-block-size')
  expect(index.counts(0)).toMatchObject({ elsewhere: 2, contradictory: 1, otherBlockSize: 1, stored: 2 })
  index.clear(0)
  expect(index.blockTokens(0)).toBe(0)
})

test('a group in blocks of another size is left out, so that blocks are held without it', () => {
  const index = indexOf(1)
  index.stored(0, storedEvent(block('ab'), 2, { groupIndex: 0 }))
  const long = { ...storedEvent(block('ab'), 2, { groupIndex: 1 }), blockHashes: [9n], blockSize: 2 * BLOCK_TOKENS }
  expect(index.stored(0, long)).toBe('other-block-size')
  expect(index.removed(0, { blockHashes: [9n], groupIndex: 1 })).toBe('other-attention')
  expect([matches(index, 'ab'), index.held(0)]).toEqual([[2], 2])
})

test('chunks of a layer that offloads say the size of blocks only until GPU memory does', () => {
  const index = indexOf(1)
  const chunk = { ...storedEvent(block('ab'), 2, { tier: 'cpu' }), blockHashes: [9n], blockSize: 2 * BLOCK_TOKENS }
  expect(index.stored(0, chunk)).toBe('applied')
  expect(index.stored(0, storedEvent(block('ab'), 2))).toBe('applied')
  expect([index.blockTokens(0), index.records(0)]).toEqual([BLOCK_TOKENS, 2])
  expect(index.stored(0, chunk)).toBe('other-block-size')
  expect(matches(index, 'ab')).toEqual([2])
})

test('blocks of an adapter of which only the number is told are not those of the base model', () => {
  const index = indexOf(3)
  for (const [slot, loraId] of [7, 0, undefined].entries()) {
    index.stored(slot, { ...storedEvent(block('ab'), 2), loraId })
  }
  expect(matches(index, 'ab')).toEqual([0, 2, 2])
})

test('a first block under more hashes than a ring can count is held once all the same', () => {
  const index = indexOf(2)
  const roots = 65_540
  for (let hash = 1n; hash <= roots; hash++) index.stored(0, { ...storedEvent(block('a'), 1), blockHashes: [hash] })
  index.stored(1, storedEvent(block('b'), 1))
  expect(matches(index, 'a')).toEqual([1, 0])
  index.removed(0, { blockHashes: [1n, 2n] })
  index.stored(1, storedEvent(block('bb'), 1))
  expect([matches(index, 'a'), matches(index, 'bb')]).toEqual([
    [1, 0],
    [0, 2],
  ])
  index.removed(0, { blockHashes: many(roots) })
  expect([index.records(0), matches(index, 'a'), matches(index, 'bb')]).toEqual([0, [0, 0], [0, 2]])
})

test('blocks without tokens are taken for known ones of another tier', () => {
  const index = indexOf(1)
  index.stored(0, storedEvent(block('ab'), 2))
  const copy = { ...storedEvent(block('aba'), 3, { tier: 'cpu' }), tokenIds: new Uint32Array(0) }
  index.stored(0, copy)
  expect(index.counts(0)).toMatchObject({ stored: 4, unknown: 1 })
  index.removed(0, removedEvent([block('a'), block('ab')]))
  expect([index.heldByGpu(0), index.held(0)]).toEqual([0, 2])
})

test('a hash that comes back with other tokens, or behind itself, drops what was known of it', () => {
  const index = indexOf(1)
  index.stored(0, storedEvent(block('abab'), 4))
  const other = { ...storedEvent(block('ab'), 1), tokenIds: Uint32Array.of(9, 9, 9, 9) }
  expect(index.stored(0, other)).toBe('contradictory')
  expect(matches(index, 'abab')).toEqual([1])
  const circle = { ...storedEvent(block('ab'), 1), blockHashes: [7n, 8n], tokenIds: tokensOf('ab') }
  expect(index.stored(0, { ...circle, parentHash: 8n })).toBe('contradictory')
  expect(index.stored(0, { ...circle, parentHash: 7n })).toBe('contradictory')
  expect([index.records(0), index.held(0)]).toEqual([1, 1])
  expect(index.stored(0, { ...circle, parentHash: undefined, blockHashes: [7n, 7n] })).toBe('contradictory')
  expect(index.records(0)).toBe(1)
})

test('digests that share their last 64 bits are different blocks', () => {
  const index = indexOf(1)
  const [first, second] = [(1n << 64n) | 5n, (2n << 64n) | 5n]
  index.stored(0, { ...storedEvent(block('ab'), 2), blockHashes: [first, second] })
  expect(matches(index, 'ab')).toEqual([2])
  index.removed(0, { blockHashes: [second] })
  expect(matches(index, 'ab')).toEqual([1])
})

test('what is only kept for a block that is dropped goes with it', () => {
  const index = indexOf(1)
  index.stored(0, storedEvent(block('aba'), 3))
  index.removed(0, removedEvent([block('ab')]))
  expect(index.records(0)).toBe(3)
  const other = { ...storedEvent(block('aba'), 1), tokenIds: Uint32Array.of(9, 9, 9, 9) }
  expect(index.stored(0, other)).toBe('contradictory')
  expect(index.records(0)).toBe(1)
})

test('a removed endpoint leaves nothing behind for the next one in its slot', () => {
  const index = indexOf(2)
  for (const slot of [0, 1]) index.stored(slot, storedEvent(block('abab'), 4))
  index.removeEndpoint(0)
  expect(matches(index, 'abab')).toEqual([0, 4])
  expect(index.addEndpoint()).toBe(0)
  expect(index.removed(0, { blockHashes: [hashOf(block('a'))] })).toBe('other-attention')
  expect(matches(index, 'abab')).toEqual([0, 4])
  expect(() => index.held(5)).toThrow(/no endpoint at slot 5/)
})

test('a hundred times its room in new blocks do not make it grow', () => {
  const maxBytes = 64 * 1024
  const index = new ExactIndex({ maxBytes })
  index.addEndpoint()
  index.addEndpoint()
  const tokenIds = new Uint32Array(16 * BLOCK_TOKENS)
  let hash = 1n
  for (let round = 0; round < 5000; round++) {
    tokenIds[0] = round
    const blockHashes = BigUint64Array.from({ length: 16 }, () => hash++)
    index.stored(round % 2, { blockHashes, tokenIds, blockSize: BLOCK_TOKENS })
    if (round === 100) expect(index.held(0) + index.held(1)).toBeGreaterThan(index.maxHeld - 20)
  }
  expect(index.bytes).toBeLessThanOrEqual(maxBytes)
  expect(index.held(0) + index.held(1)).toBeGreaterThan(index.maxHeld - 20)
  expect(index.records(0) + index.records(1)).toBe(index.held(0) + index.held(1))
  expect(index.counts(0).evicted + index.counts(1).evicted).toBe(5000 * 16 - index.held(0) - index.held(1))
})

test('what new blocks continue is not evicted for them', () => {
  const index = new ExactIndex({ maxBytes: 16_384 })
  index.addEndpoint()
  index.stored(0, storedEvent(block('abab'), 4))
  const tokenIds = new Uint32Array(8 * BLOCK_TOKENS)
  for (let round = 0; round < 17; round++) {
    tokenIds[0] = 1 + round
    const blockHashes = BigUint64Array.from({ length: 8 }, (_, at) => BigInt(1000 + 8 * round + at))
    index.stored(0, { blockHashes, tokenIds, blockSize: BLOCK_TOKENS })
  }
  expect(index.records(0)).toBe(140)
  expect(index.stored(0, storedEvent(block('ababababab'), 6))).toBe('applied')
  expect(matches(index, 'ababababab')).toEqual([10])
})

test('lower tiers may hold any number of blocks', () => {
  const index = indexOf(2)
  const path = 'aabb'.repeat(100)
  for (const slot of [0, 1])
    index.stored(slot, { ...storedEvent(block(path), 400, { tier: 'disk' }), blockHashes: many(400) })
  index.removed(1, { blockHashes: many(400).slice(300), tier: 'disk' })
  const tiers = new TierMatches()
  index.matchTiers(keysOf(path), tiers)
  expect([...tiers.depths.subarray(0, 2)]).toEqual([400, 300])
  expect([...tiers.leading.subarray(0, 2)]).toEqual([0, 0])
})

test('what is used stays when room is short', () => {
  const index = new ExactIndex({ maxBytes: 16_384 })
  index.addEndpoint()
  index.stored(0, storedEvent(block('abababab'), 8))
  const tokenIds = new Uint32Array(8 * BLOCK_TOKENS)
  for (let round = 0; round < 100; round++) {
    index.touch(0, keysOf('abababab'))
    tokenIds[0] = 1 + round
    const blockHashes = BigUint64Array.from({ length: 8 }, (_, at) => BigInt(1000 + 8 * round + at))
    index.stored(0, { blockHashes, tokenIds, blockSize: BLOCK_TOKENS })
  }
  expect(matches(index, 'abababab')).toEqual([8])
})
