/**
 * An engine's own name for a block: a number, or text where a decoder keeps names as text. It says which block of this
 * engine an event means and nothing about what is in there.
 */
export type EngineHash = bigint | string

const LARGEST_64 = 0xffff_ffff_ffff_ffffn

/**
 * Cuts an engine's hash into three signed 32-bit words. Whole numbers are taken modulo 2^64, so that signed and unsigned
 * forms are the same name, and no bit of them is lost. Of longer digests the last 96 bits are kept: among a million
 * blocks of one endpoint, two share them with a probability of 2^-57. Text is mixed to 96 bits.
 */
export class HashWords {
  low = 0
  high = 0
  top = 0
  readonly #number = new BigUint64Array(1)
  readonly #words = new Int32Array(this.#number.buffer)

  read(hash: EngineHash): void {
    if (typeof hash === 'string') {
      this.#readText(hash)
      return
    }
    this.#number[0] = hash
    this.low = this.#words[0]!
    this.high = this.#words[1]!
    this.top = hash > LARGEST_64 ? Number(BigInt.asIntN(32, hash >> 64n)) : 0
  }

  #readText(text: string): void {
    let low = 0x9e3779b1 ^ text.length
    let high = 0x85ebca77 | 0
    let top = 0x27d4eb2f | 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      low = (Math.imul(low ^ code, 0x01000193) + (high >>> 15)) | 0
      high = (Math.imul(high ^ code, 0x85ebca6b) + (top >>> 13)) | 0
      top = (Math.imul(top ^ code, 0xc2b2ae35) + (low >>> 17)) | 0
    }
    this.low = low
    this.high = high
    this.top = top
  }
}
