import type { BlockKeys } from '../prefix/block-keys.ts'

// One record of eight words per block, so that every operation on a block touches a single cache line.
const RECORD_SHIFT = 3
const KEY_LOW = 0
const KEY_HIGH = 1
const REFERENCES = 2
const PREVIOUS = 3
const NEXT = 4
const CHAIN = 5

const END = -1
const UNKEYED = -2

/**
 * The KV blocks of one engine and its prefix cache, after vLLM's block pool: blocks are reference counted; a block that
 * nobody references stays findable under its key until its space is needed; the least recently freed one goes first,
 * and of one sequence's blocks the last ones before the first ones.
 *
 * Several blocks may hold the same key (two requests computed the same text at the same time): the newest is found, and
 * the others when that one is gone.
 */
export class BlockCache {
  /** Number of blocks. */
  readonly blocks: number
  readonly #records: Int32Array
  readonly #heads: Int32Array
  readonly #headShift: number
  readonly #headMask: number
  readonly #list: number
  readonly #evicted: ((block: number) => void) | undefined
  #free: number

  /** `evicted` is told of every block that was findable and is taken for something else. */
  constructor(blocks: number, evicted?: (block: number) => void) {
    if (!Number.isInteger(blocks) || blocks < 1) {
      throw new RangeError(
        `a block cache needs at least one block, got ${blocks}: raise the KV tokens or shrink blocks`,
      )
    }
    this.blocks = blocks
    this.#evicted = evicted
    this.#free = blocks
    this.#list = blocks << RECORD_SHIFT
    this.#records = new Int32Array((blocks + 1) << RECORD_SHIFT)
    this.#headShift = Math.clz32(blocks * 2 - 1)
    this.#headMask = 2 ** (32 - this.#headShift) - 1
    this.#heads = new Int32Array(this.#headMask + 1).fill(END)
    // All blocks are free, in their order: each record is between its neighbours, and the list's behind the last.
    for (let record = 0; record <= this.#list; record += 1 << RECORD_SHIFT) {
      this.#records[record + PREVIOUS] = record - (1 << RECORD_SHIFT)
      this.#records[record + NEXT] = record + (1 << RECORD_SHIFT)
      this.#records[record + CHAIN] = UNKEYED
    }
    this.#records[PREVIOUS] = this.#list
    this.#records[this.#list + NEXT] = 0
  }

  /** Blocks that nobody references, cached ones included. */
  get free(): number {
    return this.#free
  }

  /** Blocks that some sequence references. */
  get used(): number {
    return this.blocks - this.#free
  }

  /** The number of sequences that reference a block. */
  references(block: number): number {
    return this.#records[(block << RECORD_SHIFT) + REFERENCES]!
  }

  /** True when the block is findable, or would be if no newer one held the same key. */
  isKeyed(block: number): boolean {
    return this.#records[(block << RECORD_SHIFT) + CHAIN] !== UNKEYED
  }

  /** True when some block holds the key. */
  has(low: number, high: number): boolean {
    return this.#find(low | 0, high | 0) !== END
  }

  /** Length of the longest run of leading keys, at most `limit`, that are held; their blocks are written to `into`. */
  match(keys: BlockKeys, limit: number, into: Int32Array): number {
    const most = Math.min(limit, keys.count)
    const words = keys.words
    for (let index = 0; index < most; index++) {
      const record = this.#find(words[2 * index]! | 0, words[2 * index + 1]! | 0)
      if (record === END) return index
      into[index] = record >> RECORD_SHIFT
    }
    return most
  }

  /** Free blocks that `acquire` with the same arguments takes: the new ones and the matched ones nobody references. */
  freeNeeded(blocks: Int32Array, matched: number, total: number): number {
    let needed = total - matched
    for (let index = 0; index < matched; index++) {
      if (this.#records[(blocks[index]! << RECORD_SHIFT) + REFERENCES] === 0) needed++
    }
    return needed
  }

  /**
   * References the first `matched` blocks and allocates new ones behind them up to `total`. The caller has made sure
   * that `freeNeeded` blocks are free.
   */
  acquire(blocks: Int32Array, matched: number, total: number): void {
    const records = this.#records
    for (let index = 0; index < matched; index++) {
      const record = blocks[index]! << RECORD_SHIFT
      if (records[record + REFERENCES]!++ === 0) this.#unlink(record)
    }
    for (let index = matched; index < total; index++) blocks[index] = this.allocate()
  }

  /** References one block without a key, evicting what it held. Throws when every block is referenced. */
  allocate(): number {
    const record = this.#records[this.#list + NEXT]!
    if (record === this.#list) throw new RangeError(`all ${this.blocks} KV blocks are referenced: check free first`)
    this.#unlink(record)
    if (this.#records[record + CHAIN] !== UNKEYED) {
      this.#forget(record)
      this.#evicted?.(record >> RECORD_SHIFT)
    }
    this.#records[record + REFERENCES] = 1
    return record >> RECORD_SHIFT
  }

  /** Makes a full block without a key findable under one. */
  register(block: number, low: number, high: number): void {
    const records = this.#records
    const record = block << RECORD_SHIFT
    if (records[record + CHAIN] !== UNKEYED) throw new RangeError(`KV block ${block} has a key already: allocate first`)
    const head = this.#headOf(low, high)
    records[record + KEY_LOW] = low
    records[record + KEY_HIGH] = high
    records[record + CHAIN] = this.#heads[head]!
    this.#heads[head] = record
  }

  /** Drops one reference from each of a sequence's blocks, last block first, so that suffixes are evicted first. */
  release(blocks: Int32Array, count: number): void {
    const records = this.#records
    for (let index = count - 1; index >= 0; index--) {
      const record = blocks[index]! << RECORD_SHIFT
      const left = records[record + REFERENCES]! - 1
      if (left < 0) throw new RangeError(`KV block ${blocks[index]!} was released more often than referenced`)
      records[record + REFERENCES] = left
      if (left === 0) {
        this.#append(record)
        this.#free++
      }
    }
  }

  /** Takes the keys of all blocks away; false, and nothing done, while a block is referenced. */
  clear(): boolean {
    if (this.used > 0) return false
    this.#heads.fill(END)
    for (let block = 0; block < this.blocks; block++) this.#records[(block << RECORD_SHIFT) + CHAIN] = UNKEYED
    return true
  }

  /** Keys that follow each other in their low words, as a prompt's may, follow each other in the table. */
  #headOf(low: number, high: number): number {
    return ((Math.imul(high, 0x9e3779b1) >>> this.#headShift) + low) & this.#headMask
  }

  #find(low: number, high: number): number {
    const records = this.#records
    let record = this.#heads[this.#headOf(low, high)]!
    while (record !== END && (records[record + KEY_LOW] !== low || records[record + KEY_HIGH] !== high)) {
      record = records[record + CHAIN]!
    }
    return record
  }

  #forget(record: number): void {
    const records = this.#records
    const head = this.#headOf(records[record + KEY_LOW]!, records[record + KEY_HIGH]!)
    const after = records[record + CHAIN]!
    records[record + CHAIN] = UNKEYED
    let before = this.#heads[head]!
    if (before === record) {
      this.#heads[head] = after
      return
    }
    while (records[before + CHAIN] !== record) before = records[before + CHAIN]!
    records[before + CHAIN] = after
  }

  #append(record: number): void {
    const records = this.#records
    const last = records[this.#list + PREVIOUS]!
    records[record + PREVIOUS] = last
    records[record + NEXT] = this.#list
    records[last + NEXT] = record
    records[this.#list + PREVIOUS] = record
  }

  #unlink(record: number): void {
    const records = this.#records
    const previous = records[record + PREVIOUS]!
    const next = records[record + NEXT]!
    records[previous + NEXT] = next
    records[next + PREVIOUS] = previous
    this.#free--
  }
}
