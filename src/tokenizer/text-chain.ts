const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0

/**
 * A 64-bit hash of a text that grows, in two lanes of 32 bits that take in two UTF-16 code units a round. Where a stretch
 * of text ends counts as well. Not for secrets: the seeds keep a client from preparing texts that collide.
 */
export class TextChain {
  readonly #seedLow: number
  readonly #seedHigh: number
  low = 0
  high = 0

  constructor(seedLow: number, seedHigh: number) {
    this.#seedLow = seedLow | 0
    this.#seedHigh = seedHigh | 0
    this.reset()
  }

  reset(): void {
    this.low = this.#seedLow
    this.high = this.#seedHigh
  }

  /** Takes in `text[start, end)`. */
  update(text: string, start: number, end: number): void {
    let low = this.low
    let high = this.high
    let i = start
    for (; i + 1 < end; i += 2) {
      const word = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
      low = Math.imul(low ^ word, PRIME_1)
      low ^= low >>> 15
      high = Math.imul(((high << 13) | (high >>> 19)) + word, PRIME_2)
    }
    if (i < end) {
      low = Math.imul(low ^ text.charCodeAt(i), PRIME_1)
      high = Math.imul(high + text.charCodeAt(i), PRIME_2)
    }
    const length = end - start
    this.low = mix(low ^ length)
    this.high = mix((high + Math.imul(length, PRIME_3)) ^ this.low)
  }

  /** A number of 53 bits that stands for the state; `high` holds the rest of it. */
  get key(): number {
    return (this.high & 0x1fffff) * 0x1_0000_0000 + (this.low >>> 0)
  }
}

/** The 32-bit finaliser of MurmurHash3, with the multipliers of xxHash32. */
function mix(word: number): number {
  let h = word ^ (word >>> 16)
  h = Math.imul(h, PRIME_2)
  h ^= h >>> 13
  h = Math.imul(h, PRIME_3)
  return h ^ (h >>> 16)
}
