import { BLOCK_BYTES, type BlockKeys } from './block-keys.ts'

/** What separates equal prompts from one another: requests of different namespaces share no key. */
export interface BlockNamespace {
  readonly model: string
  readonly adapter?: string | undefined
  readonly cacheSalt?: string | undefined
  readonly tenant?: string | undefined
}

const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0
const PRIME_4 = 0x27d4eb2f | 0

/** Part of every seed: keys of two versions of this algorithm never meet. */
const VERSION = 1
const ABSENT_FIELD = 0xffffffff

/** Keys of small prompts are cut from slabs of this many words (4 KiB). */
const SLAB_WORDS = 1024

/**
 * Hashes a stream of bytes in blocks of `blockBytes`; the key of a block covers everything before it and its namespace.
 * The keys do not depend on how the stream was cut into calls, on the machine or on the process.
 *
 * A block is read in stripes of four little-endian words, one per 32-bit lane, with the round of xxHash32 (rotate 13,
 * two odd multipliers). Unlike there, each lane then takes in its neighbour, so that words of a single lane cannot
 * cancel each other out. The lanes start from the previous key and end in the finaliser of MurmurHash3 x86 128, of
 * which the first 64 bits are the key.
 */
export class BlockHasher {
  readonly blockBytes: number
  /** The ragged end of the stream: bytes of the block that is not full yet. */
  private readonly edge: Uint8Array
  private readonly edgeView: DataView
  private filled = 0
  private total = 0
  private low = 0
  private high = 0
  private keys = new Uint32Array(256)
  private count = 0
  private slab = new Uint32Array(SLAB_WORDS)
  private slabUsed = 0

  /** `blockBytes` is a multiple of 16. */
  constructor(blockBytes: number = BLOCK_BYTES) {
    if (!Number.isInteger(blockBytes) || blockBytes < 16 || blockBytes % 16 !== 0) {
      throw new RangeError(`blockBytes: expected a positive multiple of 16, found ${blockBytes}`)
    }
    this.blockBytes = blockBytes
    this.edge = new Uint8Array(blockBytes)
    this.edgeView = new DataView(this.edge.buffer)
  }

  /** Canonical bytes fed since `begin`. */
  get bytes(): number {
    return this.total
  }

  /** Starts a stream. Streams of different `encoding` (text 0, token ids 1) share no key. */
  begin(namespace: BlockNamespace, encoding = 0): void {
    this.filled = 0
    this.low = PRIME_1
    this.high = PRIME_4
    this.word(VERSION)
    this.word(this.blockBytes)
    this.word(encoding)
    this.field(namespace.model)
    this.field(namespace.adapter)
    this.field(namespace.cacheSalt)
    this.field(namespace.tenant)
    this.edge.fill(0, this.filled)
    this.flush()
    this.count = 0
    this.total = 0
  }

  /** Feeds `bytes[start, end)`; `view` covers the same memory as `bytes`. */
  update(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    if (end <= start) return
    this.total += end - start
    let from = start
    if (this.filled > 0) {
      from = Math.min(end, start + this.blockBytes - this.filled)
      this.keep(bytes, view, start, from)
      if (this.filled === this.blockBytes) this.flush()
    }
    const blocks = Math.floor((end - from) / this.blockBytes)
    if (blocks > 0) {
      this.chain(view, from, blocks)
      from += blocks * this.blockBytes
    }
    if (from < end) this.keep(bytes, view, from, end)
  }

  /** Feeds one byte. */
  mark(byte: number): void {
    this.total++
    this.edge[this.filled++] = byte
    if (this.filled === this.blockBytes) this.flush()
  }

  /** Feeds an unsigned 32-bit word, low byte first. */
  word(value: number): void {
    if (this.filled + 4 <= this.blockBytes) {
      this.edgeView.setInt32(this.filled, value, true)
      this.total += 4
      this.filled += 4
      if (this.filled === this.blockBytes) this.flush()
      return
    }
    for (let shift = 0; shift < 32; shift += 8) this.mark((value >>> shift) & 0xff)
  }

  /** Feeds a string as UTF-8; a lone surrogate as the three bytes its number would have. */
  text(value: string): void {
    for (let i = 0; i < value.length; i++) {
      const code = value.codePointAt(i) ?? 0
      if (code < 0x80) {
        this.mark(code)
        continue
      }
      if (code > 0xffff) {
        i++
        this.mark(0xf0 | (code >> 18))
        this.mark(0x80 | ((code >> 12) & 0x3f))
      } else if (code > 0x7ff) this.mark(0xe0 | (code >> 12))
      if (code > 0x7ff) this.mark(0x80 | ((code >> 6) & 0x3f))
      else this.mark(0xc0 | (code >> 6))
      this.mark(0x80 | (code & 0x3f))
    }
  }

  /** The keys of the full blocks since `begin`; the caller may keep them. */
  finish(): BlockKeys {
    const length = 2 * this.count
    const words = length > SLAB_WORDS / 8 ? this.keys.slice(0, length) : this.cut(length)
    return { count: this.count, words }
  }

  /** A 64-bit hash of `bytes[start, end)` on its own, as low and high word. Leaves the stream as it is. */
  digest(bytes: Uint8Array, view: DataView, start: number, end: number): readonly [low: number, high: number] {
    const out = new Uint32Array(2)
    const length = end - start
    const blocks = Math.floor(length / this.blockBytes)
    const tail = new Uint8Array(this.blockBytes)
    tail.set(bytes.subarray(start + blocks * this.blockBytes, end))
    chainBlocks(view, start, blocks, this.blockBytes, PRIME_2 ^ length, PRIME_3, out, 0, 0)
    const seeded = blocks > 0
    const low = seeded ? out[0]! : PRIME_2 ^ length
    const high = seeded ? out[1]! : PRIME_3
    chainBlocks(new DataView(tail.buffer), 0, 1, this.blockBytes, low, high, out, 0, 0)
    return [out[0]!, out[1]!]
  }

  /** The first keys in a piece of a slab: an array with memory of its own costs more than hashing a small prompt. */
  private cut(length: number): Uint32Array {
    if (this.slabUsed + length > SLAB_WORDS) {
      this.slab = new Uint32Array(SLAB_WORDS)
      this.slabUsed = 0
    }
    const words = this.slab.subarray(this.slabUsed, this.slabUsed + length)
    for (let i = 0; i < length; i++) words[i] = this.keys[i]!
    this.slabUsed += length
    return words
  }

  private field(value: string | undefined): void {
    this.word(value === undefined ? ABSENT_FIELD : value.length)
    if (value !== undefined) this.text(value)
  }

  /** Copies a part of a block to the edge, by words. */
  private keep(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    let from = start
    let to = this.filled
    for (; from + 4 <= end; from += 4, to += 4) this.edgeView.setInt32(to, view.getInt32(from, true), true)
    for (; from < end; from++, to++) this.edge[to] = bytes[from]!
    this.filled = to
  }

  private flush(): void {
    this.filled = 0
    this.chain(this.edgeView, 0, 1)
  }

  private chain(view: DataView, from: number, blocks: number): void {
    const at = 2 * this.count
    const needed = at + 2 * blocks
    if (needed > this.keys.length) {
      const grown = new Uint32Array(Math.max(needed, 2 * this.keys.length))
      grown.set(this.keys.subarray(0, at))
      this.keys = grown
    }
    chainBlocks(view, from, blocks, this.blockBytes, this.low, this.high, this.keys, at, 2)
    this.count += blocks
    this.low = this.keys[needed - 2]! | 0
    this.high = this.keys[needed - 1]! | 0
  }
}

/** Hashes consecutive blocks, writing each key to `out` from `at`, `stride` words apart. */
function chainBlocks(
  view: DataView,
  from: number,
  blocks: number,
  blockBytes: number,
  seedLow: number,
  seedHigh: number,
  out: Uint32Array,
  at: number,
  stride: number,
): void {
  let low = seedLow | 0
  let high = seedHigh | 0
  for (let block = 0, p = from, to = at; block < blocks; block++, to += stride) {
    let v1 = low ^ PRIME_1
    let v2 = high ^ PRIME_2
    let v3 = (low + PRIME_3) | 0
    let v4 = (high + PRIME_4) | 0
    for (const stop = p + blockBytes; p < stop; p += 16) {
      const a = (v1 + Math.imul(view.getInt32(p, true), PRIME_2)) | 0
      const b = (v2 + Math.imul(view.getInt32(p + 4, true), PRIME_2)) | 0
      const c = (v3 + Math.imul(view.getInt32(p + 8, true), PRIME_2)) | 0
      const d = (v4 + Math.imul(view.getInt32(p + 12, true), PRIME_2)) | 0
      const first = v1
      v1 = (Math.imul((a << 13) | (a >>> 19), PRIME_1) + v2) | 0
      v2 = (Math.imul((b << 13) | (b >>> 19), PRIME_1) + v3) | 0
      v3 = (Math.imul((c << 13) | (c >>> 19), PRIME_1) + v4) | 0
      v4 = (Math.imul((d << 13) | (d >>> 19), PRIME_1) + first) | 0
    }
    v1 = (v1 + v2 + v3 + v4) | 0
    v2 = avalanche((v2 + v1) | 0)
    const rest = (avalanche((v3 + v1) | 0) + avalanche((v4 + v1) | 0)) | 0
    low = (avalanche(v1) + v2 + rest) | 0
    high = (v2 + low) | 0
    out[to] = low
    out[to + 1] = high
  }
}

/** The 32-bit finaliser of MurmurHash3, with the multipliers of xxHash32. */
function avalanche(word: number): number {
  let h = word ^ (word >>> 16)
  h = Math.imul(h, PRIME_2)
  h ^= h >>> 13
  h = Math.imul(h, PRIME_3)
  return h ^ (h >>> 16)
}
