import type { BlockKeys } from './block-keys.ts'
import { MARKS, TIERS_SHIFT } from './block-records.ts'
import type { BlockTree } from './block-tree.ts'
import { holderCount } from './holder-ring.ts'
import { OWNER, PARENT, RING_NEXT, SLOT_MASK } from './holding-pool.ts'
import type { ReportedCache } from './reported-cache.ts'
import { nearestTier, TIER_COUNT } from './tier-copies.ts'
import type { TierMatches } from './tier-matches.ts'

/**
 * Finds how deep endpoints hold a prompt in any tier: the search of `DepthSearch` over two tables, because a block's
 * holders are those that hold everything up to it in GPU memory and those that hold it partly elsewhere. The holders of a
 * block, both kinds together, are a subset of the holders of the block before.
 */
export class TierSearch {
  // Blocks with unfinished ranges behind them, shallow first, and the heads of their two rings.
  readonly #blocks = new Int32Array(34)
  readonly #gpu = new Int32Array(34)
  readonly #any = new Int32Array(34)
  /** By slot: the record of the last block of an endpoint that does not hold all of them in GPU memory. */
  #ends = new Int32Array(0)

  /**
   * Adds to a match, whose leading blocks in GPU memory are known, what continues them in which tier. Only where an
   * endpoint has blocks of several tiers behind those in GPU memory does it walk along them.
   *
   * @param caches By slot.
   */
  match(
    tree: BlockTree,
    caches: readonly (ReportedCache | undefined)[],
    keys: BlockKeys,
    { leading, depths, behind }: TierMatches,
  ): void {
    if (this.#ends.length < leading.length) this.#ends = new Int32Array(leading.length)
    const ends = this.#ends.fill(0)
    this.#findDepths(tree, keys, depths, ends)
    const { words } = tree.pool
    for (let slot = 0; slot < caches.length; slot++) {
      const end = ends[slot]!
      if (end === 0) continue
      const count = depths[slot]! - leading[slot]!
      const sole = caches[slot]?.soleTierBehind() ?? -1
      if (sole === -1) countTiers(words, end, count, behind, slot * TIER_COUNT)
      else behind[slot * TIER_COUNT + sole] = Math.max(0, count)
    }
  }

  #findDepths(tree: BlockTree, keys: BlockKeys, depths: Uint32Array, ends: Int32Array): void {
    if (keys.count === 0) return
    const words = tree.pool.words
    const blocks = this.#blocks
    this.#look(tree, words, keys, 0, 0)
    let top = 0
    // Everything from block `done` on is finished, and `holders` endpoints hold it.
    let done = keys.count
    let holders = 0
    while (top >= 0) {
      const block = blocks[top]!
      const here = this.#count(words, top)
      if (here > holders && done - block > 1) {
        this.#look(tree, words, keys, (block + done) >>> 1, top + 1)
        if (this.#count(words, top + 1) === here) this.#moveDown(top)
        else top++
        continue
      }
      if (here > holders) {
        assign(words, this.#gpu[top]!, block + 1, depths, undefined)
        assign(words, this.#any[top]!, block + 1, depths, ends)
      }
      holders = here
      done = block
      top--
    }
  }

  #look(tree: BlockTree, words: Int32Array, keys: BlockKeys, block: number, at: number): void {
    const low = keys.words[2 * block]! | 0
    const high = keys.words[2 * block + 1]! | 0
    this.#blocks[at] = block
    this.#gpu[at] = tree.gpu.find(words, low, high)
    this.#any[at] = tree.any.find(words, low, high)
  }

  /** Puts what was looked up last, behind `top`, in the place of `top`. */
  #moveDown(top: number): void {
    this.#blocks[top] = this.#blocks[top + 1]!
    this.#gpu[top] = this.#gpu[top + 1]!
    this.#any[top] = this.#any[top + 1]!
  }

  #count(words: Int32Array, at: number): number {
    return holderCount(words, this.#gpu[at]!) + holderCount(words, this.#any[at]!)
  }
}

/** Adds a record and those before it, so many in all, to `into[at + tier]` of the nearest tier of each. */
function countTiers(words: Int32Array, end: number, count: number, into: Uint32Array, at: number): void {
  let record = end
  for (let left = count; record !== 0 && left > 0; left--) {
    into[at + nearestTier(words[record + MARKS]! >>> TIERS_SHIFT)]!++
    record = words[record + PARENT]!
  }
}

/** Writes `depth` for the holders in a ring that have none yet, and where they are given their records to `ends`. */
function assign(
  words: Int32Array,
  head: number,
  depth: number,
  depths: Uint32Array,
  ends: Int32Array | undefined,
): void {
  if (head === 0) return
  let record = head
  do {
    const slot = words[record + OWNER]! & SLOT_MASK
    if (depths[slot] === 0) {
      depths[slot] = depth
      if (ends !== undefined) ends[slot] = record
    }
    record = words[record + RING_NEXT]!
  } while (record !== head)
}
