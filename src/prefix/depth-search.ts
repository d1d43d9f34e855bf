import type { BlockKeys } from './block-keys.ts'
import { holderCount, holdingOf, moveBehindHead } from './holder-ring.ts'
import { OWNER, RING_NEXT, SLOT_MASK } from './holding-pool.ts'
import type { KeyTable } from './key-table.ts'

/** How many times more holders than wanted ones a ring has before it is worth reordering. */
const FEW = 8

/** The head of the ring of block `block` of a prompt, 0 when nobody holds it. */
function headOf(table: KeyTable, words: Int32Array, keys: BlockKeys, block: number): number {
  return table.find(words, keys.words[2 * block]! | 0, keys.words[2 * block + 1]! | 0)
}

/**
 * Writes `depth` for the holders in a ring that have none yet, of which there are `missing`. Where these are few, they
 * are moved to the front of the ring: the next time they are found without a walk past all others.
 */
function assign(words: Int32Array, head: number, depth: number, missing: number, into: Uint32Array): void {
  const few = missing * FEW < holderCount(words, head)
  let left = missing
  let holding = head
  do {
    const slot = words[holding + OWNER]! & SLOT_MASK
    const next = words[holding + RING_NEXT]!
    if (into[slot] === 0) {
      into[slot] = depth
      if (few && holding !== head) moveBehindHead(words, head, holding)
      if (--left === 0) return
    }
    holding = next
  } while (holding !== head)
}

/**
 * Finds how deep endpoints hold a prompt. Because what an endpoint holds is closed under prefixes, the holders of a block
 * are a subset of the holders of the block before: where two blocks have equally many, no endpoint's match ends between
 * them. Searching by halves therefore looks only at ranges in which a match ends, and walks along one ring for each
 * depth at which some do.
 */
export class DepthSearch {
  /** The holding that `deepest` found last, 0 for none. */
  found = 0
  // Blocks with unfinished ranges behind them, shallow first, and the heads of their rings.
  readonly #blocks = new Int32Array(34)
  readonly #heads = new Int32Array(34)

  /** Writes the number of leading blocks that each endpoint holds to `into[slot]`, which is 0 everywhere before. */
  match(table: KeyTable, words: Int32Array, keys: BlockKeys, into: Uint32Array): void {
    if (keys.count === 0) return
    const blocks = this.#blocks
    const heads = this.#heads
    blocks[0] = 0
    heads[0] = headOf(table, words, keys, 0)
    let top = 0
    // Everything from block `done` on is finished, and `holders` endpoints hold it.
    let done = keys.count
    let holders = 0
    while (top >= 0) {
      const block = blocks[top]!
      const head = heads[top]!
      const here = holderCount(words, head)
      if (here > holders && done - block > 1) {
        const middle = (block + done) >>> 1
        const middleHead = headOf(table, words, keys, middle)
        if (holderCount(words, middleHead) !== here) top++
        blocks[top] = middle
        heads[top] = middleHead
        continue
      }
      if (here > holders) assign(words, head, block + 1, here - holders, into)
      holders = here
      done = block
      top--
    }
  }

  /** The number of leading blocks, at most `limit`, that one endpoint holds. `found` is its holding of the last one. */
  deepest(table: KeyTable, words: Int32Array, keys: BlockKeys, slot: number, limit: number): number {
    this.found = 0
    let held = 0
    let missing = limit + 1
    // A prompt that was seen before is most often held to its end, so that is tried first.
    for (let depth = limit; missing - held > 1; depth = (held + missing) >>> 1) {
      const holding = holdingOf(words, headOf(table, words, keys, depth - 1), slot)
      if (holding === 0) {
        missing = depth
      } else {
        held = depth
        this.found = holding
      }
    }
    return held
  }
}
