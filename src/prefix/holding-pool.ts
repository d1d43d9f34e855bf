/**
 * A holding is the belief that one endpoint holds one block. All holdings are records of `HOLDING_WORDS` 32-bit words in
 * one array, so that whatever an operation needs of a holding lies in one or two cache lines.
 *
 * A holding is named by the offset of its first word. Offset 0 means "none": the record there is never handed out and
 * may be written to freely, which spares the lists a branch for a missing neighbour.
 */
export const HOLDING_WORDS = 10
export const HOLDING_BYTES = HOLDING_WORDS * 4

/** Low word of the block's key. */
export const KEY_LOW = 0
/** High word of the block's key. */
export const KEY_HIGH = 1
/** Low half: the endpoint's slot. High half: how many endpoints hold the block in the head of its ring, 0 elsewhere. */
export const OWNER = 2
/** The ring of all holdings of one block, one per endpoint. In a free record the first names the next free one. */
export const RING_NEXT = 3
export const RING_PREVIOUS = 4
/** The same endpoint's holding of the block before this one in the prompt. */
export const PARENT = 5
/** Tick of the endpoint's clock at the last booking that covered the block. */
export const STAMP = 6
/** The neighbours in the endpoint's list, ordered by last use. */
export const NEWER = 7
export const OLDER = 8
/** Bit 0 `TRUSTED`, bit 1 `PENDING`, the rest counts the endpoint's holdings that have this one as parent. */
export const MARKS = 9

/** An answer has started that needed this block, so the engine has computed it. */
export const TRUSTED = 1
/** At least one pending booking ends at this block. */
export const PENDING = 2
export const ONE_CHILD = 4

export const SLOT_MASK = 0xffff
export const ONE_HOLDER = 0x10000

/** Fixed-size records with a free list. Grows only when told to, and never moves a record to another offset. */
export class HoldingPool {
  words: Int32Array<ArrayBuffer>
  /** Number of records that can still be taken before the pool has to grow. */
  available: number
  #free = 0
  #fresh = HOLDING_WORDS

  /** `records` counts the unused record at offset 0 as well. */
  constructor(records: number) {
    this.words = new Int32Array(records * HOLDING_WORDS)
    this.available = records - 1
  }

  get records(): number {
    return this.words.length / HOLDING_WORDS
  }

  /** The offset of a record with undefined content. The caller has checked `available`. */
  take(): number {
    this.available--
    const reused = this.#free
    if (reused !== 0) {
      this.#free = this.words[reused + RING_NEXT]!
      return reused
    }
    const fresh = this.#fresh
    this.#fresh = fresh + HOLDING_WORDS
    return fresh
  }

  give(holding: number): void {
    this.words[holding + RING_NEXT] = this.#free
    this.#free = holding
    this.available++
  }

  /** Replaces `words` by a longer array with the same content. */
  grow(records: number): void {
    this.available += records - this.records
    this.words = new Int32Array(this.words.buffer.transfer(records * HOLDING_BYTES))
  }
}
