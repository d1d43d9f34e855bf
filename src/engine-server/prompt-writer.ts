import { mixBits } from '../engine/mix-bits.ts'
import { TokenKeys } from '../engine/token-keys.ts'

/** Bytes of one token. */
export const TOKEN_BYTES = 4

/** Tokens that an image, a video or a sound counts as. */
export const MEDIA_TOKENS = 256

const SPACE = 0x20

/**
 * Writes rendered prompts into one reused buffer: four bytes of UTF-8 are one token, which is their little-endian
 * 32-bit word. So the tokens of a prompt are a view of its bytes, and hashing them copies nothing.
 */
export class PromptWriter {
  #bytes = Buffer.from(new ArrayBuffer(1 << 16))
  #words = new Uint32Array(this.#bytes.buffer)
  #length = 0

  /** Bytes written. */
  get length(): number {
    return this.#length
  }

  /** Forgets everything behind the first `length` bytes. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length)
  }

  text(text: string): void {
    this.reserve(3 * text.length)
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** Writes spaces up to the end of the token. */
  pad(): void {
    while (this.#length % TOKEN_BYTES !== 0) this.#bytes[this.#length++] = SPACE
  }

  /** Stands for something that is no text: tokens that follow from its content, here given as text. */
  media(content: string): void {
    this.pad()
    const start = this.#length
    this.text(content)
    this.pad()
    const hash = new TokenKeys(Number.MAX_SAFE_INTEGER, 0)
    hash.append(this.#words, start / TOKEN_BYTES, this.#length / TOKEN_BYTES)
    const digest = hash.digest()
    this.#length = start
    for (let index = 0; index < MEDIA_TOKENS; index++) this.token(mixBits(digest + index))
  }

  /** Writes one token at the end of the token before. */
  token(token: number): void {
    this.reserve(TOKEN_BYTES)
    this.#words[this.#length / TOKEN_BYTES] = token
    this.#length += TOKEN_BYTES
  }

  /** Makes room for so many more bytes. */
  reserve(bytes: number): void {
    if (this.#length + bytes + TOKEN_BYTES <= this.#bytes.length) return
    const larger = Buffer.from(new ArrayBuffer(2 ** Math.ceil(Math.log2(this.#length + bytes + TOKEN_BYTES))))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    this.#words = new Uint32Array(larger.buffer)
  }

  /** What is written, as text. */
  written(): string {
    return this.#bytes.toString('utf8', 0, this.#length)
  }

  /** The tokens, the last one filled up with zero bytes; valid until something is written. */
  tokens(): Uint32Array {
    const count = Math.ceil(this.#length / TOKEN_BYTES)
    this.#bytes.fill(0, this.#length, count * TOKEN_BYTES)
    return this.#words.subarray(0, count)
  }
}
