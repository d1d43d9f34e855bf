import type { PromptTree } from './prompt-tree.ts'

/** Learns what enters and leaves an engine's prefix cache, block by block, by their numbers in the `PromptTree`. */
export interface CacheListener {
  stored(node: number): void
  /** The block's last copy has been overwritten. */
  removed(node: number): void
}

/** How far a sequence's blocks have been seen; kept by the watch. */
export interface SeenBlocks {
  /** Number of the request. */
  readonly number: number
  /** The list of blocks that was seen. */
  seen: Int32Array
  seenBlocks: number
  seenKeyed: number
}

const NONE = -1

/**
 * Concludes from the blocks that sequences hold what enters and leaves the prefix cache of one engine: a block that had a
 * key and turns up in another sequence has been evicted in between. Without a listener it only counts.
 */
export class CacheWatch {
  /** Keyed blocks that were overwritten. */
  evicted = 0
  /** Blocks under a key now. */
  keyed = 0
  readonly #tree: PromptTree
  readonly #isKeyed: Uint8Array
  readonly #nodeOf: Int32Array
  readonly #listener: CacheListener | undefined

  constructor(blocks: number, tree: PromptTree, listener?: CacheListener) {
    this.#tree = tree
    this.#isKeyed = new Uint8Array(blocks)
    this.#nodeOf = new Int32Array(listener === undefined ? 0 : blocks).fill(NONE)
    this.#listener = listener
  }

  /**
   * Looks at the first `count` blocks of a sequence, of which the first `keyed` are findable under their keys. `matched`
   * of them were found in the cache, which spares looking at them the first time.
   */
  see(seen: SeenBlocks, blocks: Int32Array, count: number, keyed: number, matched: number): void {
    if (blocks !== seen.seen) {
      seen.seen = blocks
      seen.seenBlocks = matched
      seen.seenKeyed = matched
    }
    if (count === seen.seenBlocks && keyed === seen.seenKeyed) return
    const from = Math.min(seen.seenBlocks, seen.seenKeyed)
    if (this.#listener === undefined) this.#count(blocks, from, count, keyed)
    else this.#follow(this.#listener, seen.number, blocks, from, count, keyed)
    seen.seenBlocks = count
    seen.seenKeyed = keyed
  }

  #count(blocks: Int32Array, from: number, count: number, keyed: number): void {
    const isKeyed = this.#isKeyed
    let evicted = 0
    for (let i = from; i < count; i++) {
      const block = blocks[i]!
      evicted += isKeyed[block]!
      isKeyed[block] = i < keyed ? 1 : 0
    }
    this.evicted += evicted
    this.keyed += Math.max(0, Math.min(keyed, count) - from) - evicted
  }

  #follow(
    listener: CacheListener,
    prompt: number,
    blocks: Int32Array,
    from: number,
    count: number,
    keyed: number,
  ): void {
    const { paths, pathStarts, starts, ends, firstNodes } = this.#tree
    const nodeOf = this.#nodeOf
    let place = pathStarts[prompt]!
    while (from < keyed && ends[paths[place]!]! <= from) place++
    for (let i = from; i < count; i++) {
      let node = NONE
      if (i < keyed) {
        if (i === ends[paths[place]!]) place++
        const edge = paths[place]!
        node = firstNodes[edge]! + i - starts[edge]!
      }
      const block = blocks[i]!
      const before = nodeOf[block]!
      if (before === node) continue
      nodeOf[block] = node
      if (before !== NONE) {
        this.keyed--
        this.evicted++
        listener.removed(before)
      }
      if (node !== NONE) {
        this.keyed++
        listener.stored(node)
      }
    }
  }
}
