import type { BlockKeys } from '../prefix/block-keys.ts'
import { mixBits } from './mix-bits.ts'

/**
 * The chained keys of a sequence of tokens, block by block: two 32-bit lanes run over all tokens, and every full block
 * leaves the mixed lanes as its key. Two sequences share a key when they share all tokens up to there; a single
 * different token always changes both halves of every later key.
 */
export class TokenKeys {
  readonly #blockTokens: number
  readonly #words: Uint32Array
  #low: number
  #high: number
  #count = 0
  #filled = 0

  /** `capacity` is the number of tokens that will be appended at most; `salt` separates what must not be shared. */
  constructor(blockTokens: number, capacity: number, salt = 0) {
    this.#blockTokens = blockTokens
    this.#words = new Uint32Array(2 * Math.floor(capacity / blockTokens))
    this.#low = mixBits(salt ^ 0x243f6a88)
    this.#high = mixBits(salt ^ 0x85a308d3)
  }

  /** Appends the tokens from `start` up to `end`. */
  append(tokens: Uint32Array, start: number, end: number): void {
    let low = this.#low
    let high = this.#high
    let at = start
    while (at < end) {
      const stop = Math.min(end, at + this.#blockTokens - this.#filled)
      this.#filled += stop - at
      for (; at < stop; at++) {
        const token = tokens[at]!
        low = Math.imul(low ^ token, 0xcc9e2d51)
        low = (low << 13) | (low >>> 19)
        high = Math.imul(high ^ token, 0x85ebca6b)
        high = (high << 17) | (high >>> 15)
      }
      if (this.#filled === this.#blockTokens) this.#emit(low, high)
    }
    this.#low = low
    this.#high = high
  }

  /** A 32-bit digest of everything appended so far. */
  digest(): number {
    return mixBits(this.#low ^ Math.imul(this.#high, 0x9e3779b1))
  }

  /** The keys of the full blocks so far. */
  keys(): BlockKeys {
    return { count: this.#count, words: this.#words.subarray(0, 2 * this.#count) }
  }

  #emit(low: number, high: number): void {
    this.#words[2 * this.#count] = mixBits(low)
    this.#words[2 * this.#count + 1] = mixBits(high)
    this.#count++
    this.#filled = 0
  }
}
