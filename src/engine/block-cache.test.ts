import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BlockKeys } from '../prefix/block-keys.ts'
import { BlockCache } from './block-cache.ts'

/** Keys named by numbers; both words differ for different names. */
function keys(...names: number[]): BlockKeys {
  return { count: names.length, words: Uint32Array.from(names.flatMap((name) => [name, name * 7 + 1])) }
}

function hold(cache: BlockCache, wanted: BlockKeys): Int32Array {
  const blocks = new Int32Array(wanted.count)
  const matched = cache.match(wanted, wanted.count, blocks)
  cache.acquire(blocks, matched, wanted.count)
  for (let index = matched; index < wanted.count; index++) {
    cache.register(blocks[index] ?? -1, wanted.words[2 * index] ?? 0, wanted.words[2 * index + 1] ?? 0)
  }
  return blocks
}

function matched(cache: BlockCache, ...names: number[]): number {
  return cache.match(keys(...names), names.length, new Int32Array(names.length))
}

test('released blocks stay findable and are shared while they are held', () => {
  const cache = new BlockCache(4)
  const first = hold(cache, keys(1, 2, 3))
  expect(cache.free).toBe(1)
  const second = hold(cache, keys(1, 2, 4))
  expect([...second.subarray(0, 2)]).toEqual([...first.subarray(0, 2)])
  expect(cache.references(first[0] ?? -1)).toBe(2)
  expect(cache.free).toBe(0)
  cache.release(first, 3)
  expect(cache.free).toBe(1)
  cache.release(second, 3)
  expect(cache.free).toBe(4)
  expect(matched(cache, 1, 2, 3)).toBe(3)
  expect(matched(cache, 1, 2, 4)).toBe(3)
})

test('the block released longest ago goes first, and of one sequence the suffix', () => {
  const cache = new BlockCache(5)
  const old = hold(cache, keys(1, 2))
  const young = hold(cache, keys(11, 12, 13))
  cache.release(old, 2)
  cache.release(young, 3)
  const gone = (): number[] => [1, 2, 11, 12, 13].filter((name) => !cache.has(name, name * 7 + 1))
  const order: number[] = []
  for (let count = 0; count < 5; count++) {
    cache.allocate()
    order.push(...gone().filter((name) => !order.includes(name)))
  }
  expect(order).toEqual([2, 1, 13, 12, 11])
  expect(() => cache.allocate()).toThrow(/all 5 KV blocks are referenced/)
})

test('a hit on a free block protects it from eviction', () => {
  const cache = new BlockCache(2)
  cache.release(hold(cache, keys(1, 2)), 2)
  hold(cache, keys(1))
  cache.allocate()
  expect(cache.has(1, 8)).toBe(true)
  expect(cache.has(2, 15)).toBe(false)
})

test('of two blocks with one key the newer is found first, then the other', () => {
  const cache = new BlockCache(2)
  const [older] = hold(cache, keys(1))
  const newer = cache.allocate()
  cache.register(newer, 1, 8)
  const found = new Int32Array(1)
  cache.match(keys(1), 1, found)
  expect(found[0]).toBe(newer)
  cache.release(Int32Array.of(newer), 1)
  cache.allocate()
  cache.match(keys(1), 1, found)
  expect(found[0]).toBe(older)
})

test('a block gets one key only', () => {
  const cache = new BlockCache(2)
  const [block = -1] = hold(cache, keys(1))
  expect(() => cache.register(block, 2, 15)).toThrow(/has a key already/)
})

test('releasing more often than referencing is an error', () => {
  const cache = new BlockCache(2)
  const blocks = hold(cache, keys(1))
  cache.release(blocks, 1)
  expect(() => cache.release(blocks, 1)).toThrow(/released more often than referenced/)
})

test('a cache without blocks is refused', () => {
  expect(() => new BlockCache(0)).toThrow(/at least one block, got 0/)
})

describe('against an obvious model', () => {
  /** Blocks as objects in one list, the ones nobody references in the order in which they will go. */
  class ObviousCache {
    /** Names by block, the last one named at the end. */
    readonly key = new Map<number, number>()
    readonly references = new Map<number, number>()
    readonly free: number[] = []

    constructor(blocks: number) {
      for (let block = 0; block < blocks; block++) this.free.push(block)
    }

    holder(name: number): number | undefined {
      return [...this.key].findLast(([, held]) => held === name)?.[0]
    }

    acquire(names: readonly number[]): number[] | undefined {
      const hits: number[] = []
      for (const name of names) {
        const block = this.holder(name)
        if (block === undefined) break
        hits.push(block)
      }
      const idle = hits.filter((block) => this.free.includes(block)).length
      if (names.length - hits.length + idle > this.free.length) return undefined
      for (const block of hits) this.#reference(block)
      const fresh = names.slice(hits.length).map((name) => {
        const block = this.free[0] ?? -1
        this.key.delete(block)
        this.#reference(block)
        return { block, name }
      })
      for (const { block, name } of fresh) this.key.set(block, name)
      return [...hits, ...fresh.map(({ block }) => block)]
    }

    release(blocks: readonly number[]): void {
      for (const block of blocks.toReversed()) {
        const left = (this.references.get(block) ?? 0) - 1
        this.references.set(block, left)
        if (left === 0) this.free.push(block)
      }
    }

    #reference(block: number): void {
      this.references.set(block, (this.references.get(block) ?? 0) + 1)
      const at = this.free.indexOf(block)
      if (at >= 0) this.free.splice(at, 1)
    }
  }

  const chain = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 6 }), fc.nat(2))

  test('holds the same blocks under the same keys after every operation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.tuple(fc.boolean(), chain)), (size, operations) => {
        const cache = new BlockCache(size)
        const obvious = new ObviousCache(size)
        const held: { real: Int32Array; model: number[] }[] = []
        for (const [take, [family, length, branch]] of operations) {
          // Families of chains that share their first two blocks and then branch.
          const names = Array.from({ length }, (_, index) => 100 * family + index + (index < 2 ? 0 : 10 * branch))
          const wanted = keys(...names)
          if (take) {
            const blocks = new Int32Array(length)
            const hits = cache.match(wanted, length, blocks)
            const model = obvious.acquire(names)
            const real = cache.freeNeeded(blocks, hits, length) <= cache.free ? hold(cache, wanted) : undefined
            expect(real === undefined ? undefined : [...real]).toEqual(model)
            if (real !== undefined && model !== undefined) held.push({ real, model })
          } else {
            const [gone] = held.splice(length % (held.length || 1), 1)
            if (gone !== undefined) {
              cache.release(gone.real, gone.real.length)
              obvious.release(gone.model)
            }
          }
          expect(cache.free).toBe(obvious.free.length)
          expect(cache.free + cache.used).toBe(size)
          for (let block = 0; block < size; block++) {
            expect(cache.references(block)).toBe(obvious.references.get(block) ?? 0)
          }
          for (const name of names) {
            expect(cache.has(name, name * 7 + 1)).toBe(obvious.holder(name) !== undefined)
          }
        }
      }),
    )
  })
})
