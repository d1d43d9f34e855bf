import { BlockCache } from './block-cache.ts'
import type { CacheListener } from './engine-hooks.ts'
import type { EngineRequest, Sequence } from './sequence.ts'

const NO_BLOCKS = new Int32Array(0)

/** The KV blocks that sequences hold: taken on admission, grown while decoding, offered to the prefix cache when full. */
export class SequenceBlocks<R extends EngineRequest = EngineRequest> {
  readonly cache: BlockCache
  readonly #blockSize: number
  readonly #listener: CacheListener<R> | undefined
  /** Why the last sequence was not admitted: the new blocks it needs, and the index of its first missing key. */
  #refused: { readonly sequence: Sequence<R>; readonly fresh: number; readonly missing: number } | undefined

  constructor(kvTokens: number, blockSize: number, listener?: CacheListener<R>) {
    this.#blockSize = blockSize
    this.#listener = listener
    const evicted = listener === undefined ? undefined : (block: number): void => listener.evicted(block)
    this.cache = new BlockCache(Math.floor(kvTokens / blockSize), evicted)
  }

  /** Tokens that fit when a single sequence holds all blocks. */
  get capacityTokens(): number {
    return this.cache.blocks * this.#blockSize
  }

  /**
   * Takes the blocks for a waiting sequence's `target` tokens, reusing what the prefix cache holds. At least the last
   * token is left to compute, so a prompt that is cached to its end computes its last block again. False, and nothing
   * taken, when too few blocks are free.
   */
  admit(sequence: Sequence<R>): boolean {
    const { keys, promptTokens, outputTokens } = sequence.request
    if (this.#stillRefused(sequence)) return false
    if (sequence.blocks.length === 0) sequence.blocks = new Int32Array(this.#blocksFor(promptTokens + outputTokens))
    const total = this.#blocksFor(sequence.target)
    const hits = this.cache.match(keys, Math.floor((sequence.target - 1) / this.#blockSize), sequence.blocks)
    const needed = this.cache.freeNeeded(sequence.blocks, hits, total)
    if (needed > this.cache.free) {
      this.#refused = { sequence, fresh: total - hits, missing: hits }
      return false
    }
    this.#refused = undefined
    this.cache.acquire(sequence.blocks, hits, total)
    sequence.blockCount = total
    sequence.registered = hits
    sequence.computed = hits * this.#blockSize
    return true
  }

  /** Gives a sequence whose blocks are all full one more. */
  grow(sequence: Sequence<R>): void {
    this.register(sequence, sequence.blockCount * this.#blockSize)
    sequence.blocks[sequence.blockCount] = this.cache.allocate()
    sequence.blockCount++
  }

  /** Makes the full blocks among a sequence's first `tokens` tokens findable, as far as it has keys. */
  register(sequence: Sequence<R>, tokens: number): void {
    const { count, words } = sequence.request.keys
    const full = Math.min(Math.floor(tokens / this.#blockSize), count)
    for (let index = sequence.registered; index < full; index++) {
      this.cache.register(sequence.blocks[index]!, words[2 * index]!, words[2 * index + 1]!)
    }
    if (full <= sequence.registered) return
    this.#listener?.stored(sequence.request, sequence.blocks, sequence.registered, full)
    sequence.registered = full
  }

  /** Makes nothing findable any more; false, and nothing done, while blocks are referenced. */
  clear(): boolean {
    if (!this.cache.clear()) return false
    this.#listener?.cleared()
    return true
  }

  /** Gives back everything a sequence holds. */
  release(sequence: Sequence<R>): void {
    this.cache.release(sequence.blocks, sequence.blockCount)
    sequence.blocks = NO_BLOCKS
    sequence.blockCount = 0
    sequence.registered = 0
  }

  #blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.#blockSize)
  }

  /**
   * Matching a long prompt again in every step of a full engine would cost more than all else. A refusal can only turn
   * when there are enough free blocks for what is not held, or when the first key that was missing has arrived. Held
   * blocks that nobody references are free as well until the sequence takes them; others may come to reference them.
   */
  #stillRefused(sequence: Sequence<R>): boolean {
    const refused = this.#refused
    if (refused === undefined || refused.sequence !== sequence || this.cache.free >= refused.fresh) return false
    const { count, words } = sequence.request.keys
    const index = refused.missing
    return index >= count || !this.cache.has(words[2 * index]!, words[2 * index + 1]!)
  }
}
