/**
 * What is known of one block at one endpoint, as `RECORD_WORDS` 32-bit words: one cache line. A record is named by the
 * offset of its first word; offset 0 means "none", and the record there may be written to freely.
 *
 * The words that rings, tables and the list of last use know (`KEY_LOW` to `OLDER`) have the offsets they have in
 * `holding-pool.ts`; the others are named here.
 */
export const RECORD_WORDS = 16
export const RECORD_BYTES = RECORD_WORDS * 4

/** Third word of the engine's hash; takes the place of the stamp, which only predicted holdings have. */
export const HASH_TOP = 6
/** Bits 0 and 1 the level, `KEYED`, `LOCAL`, `SHADOW`, and from `TIERS_SHIFT` the tiers that hold the block. */
export const MARKS = 9
/** The blocks of the endpoint that directly continue this one form a list. */
export const FIRST_CHILD = 10
export const NEXT_SIBLING = 11
export const PREVIOUS_SIBLING = 12
export const HASH_LOW = 13
export const HASH_HIGH = 14
/** How many copies each tier holds; see `tier-copies.ts`. */
export const COPIES = 15

/** Not in a ring: not held, or something before it is not. */
export const LEVEL_NONE = 0
/** Held in some tier, like everything before it, but not all of that in GPU memory: in the ring of the second table. */
export const LEVEL_ANY = 1
/** Held in GPU memory with everything before it: in the ring of the first table. */
export const LEVEL_GPU = 2
export const LEVEL_MASK = 3
/** The key words hold the block's chained key. */
export const KEYED = 4
/** The block's tokens have been reported. While it is not keyed, the key words hold its own hash. */
export const LOCAL = 8
/** A sibling with the same key is in a ring, or the ring is full, so this one is in none: see `BlockTree`. */
export const SHADOW = 16
export const TIERS_SHIFT = 8

const NEXT_FREE = 3

/** Records with a free list. Grows only when told to, and never moves a record to another offset. */
export class RecordPool {
  words: Int32Array<ArrayBuffer>
  /** Number of records that can still be taken before the pool has to grow. */
  available: number
  #free = 0
  #fresh = RECORD_WORDS

  /** `records` counts the unused record at offset 0 as well. */
  constructor(records: number) {
    this.words = new Int32Array(records * RECORD_WORDS)
    this.available = records - 1
  }

  get records(): number {
    return this.words.length / RECORD_WORDS
  }

  /** The offset of a record, all of whose words are 0. The caller has checked `available`. */
  take(): number {
    this.available--
    const reused = this.#free
    if (reused === 0) {
      const fresh = this.#fresh
      this.#fresh = fresh + RECORD_WORDS
      return fresh
    }
    const { words } = this
    this.#free = words[reused + NEXT_FREE]!
    for (let at = reused; at < reused + RECORD_WORDS; at++) words[at] = 0
    return reused
  }

  give(record: number): void {
    this.words[record + NEXT_FREE] = this.#free
    this.#free = record
    this.available++
  }

  /** Replaces `words` by a longer array with the same content. */
  grow(records: number): void {
    this.available += records - this.records
    this.words = new Int32Array(this.words.buffer.transfer(records * RECORD_BYTES))
  }
}
