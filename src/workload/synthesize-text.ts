import { mixBits } from './random.ts'
import { words } from './words.ts'
import type { TextRun } from './workload.ts'

/** Bytes of text per token, everywhere in generated texts. */
export const BYTES_PER_TOKEN = 4

/** Makes the text of runs; see {@link createTextSynthesizer}. */
export interface TextSynthesizer {
  /** The text of the runs one after the other: plain ASCII without quotes, backslashes or control characters. */
  text(runs: readonly TextRun[]): string
}

/** The four bytes of every word as one 32-bit number in the byte order of this machine. */
function packWords(): Uint32Array {
  const bytes = new TextEncoder().encode(words.map((word) => ` ${word}`).join(''))
  if (bytes.length !== 256 * BYTES_PER_TOKEN)
    throw new Error(`expected 256 words of 3 letters, found ${bytes.length} bytes`)
  return new Uint32Array(bytes.buffer, bytes.byteOffset, 256)
}

/**
 * Turns block ids into text of exactly 4 bytes per token. The text of a block depends on its id, the salt and nothing else;
 * blocks of different ids differ within their first four tokens, and a shorter block is the beginning of a longer one.
 * Another salt gives texts that share nothing with those of this one, which makes every cache cold again.
 * Only one buffer, as long as the longest text so far, is kept between calls.
 */
export function createTextSynthesizer(salt: number): TextSynthesizer {
  const packed = packWords()
  const saltBits = mixBits(salt)
  let tokens = new Uint32Array(4096)
  return {
    text(runs) {
      let total = 0
      for (const run of runs) total += run.tokens
      if (total > tokens.length) tokens = new Uint32Array(Math.max(total, tokens.length * 2))
      let at = 0
      for (const run of runs) at = fillRun(run, tokens, at, packed, saltBits)
      return Buffer.from(tokens.buffer, 0, total * BYTES_PER_TOKEN).toString('latin1')
    },
  }
}

function fillRun(run: TextRun, out: Uint32Array, start: number, packed: Uint32Array, saltBits: number): number {
  const end = start + run.tokens
  let at = start
  for (let i = 0; at < end; i++) {
    const blockEnd = Math.min(end, at + run.unit)
    fillBlock(run.ids[i] ?? 0, out, at, blockEnd, packed, saltBits)
    at = blockEnd
  }
  return end
}

/**
 * The first four words spell the mixed id (a bijection for a given salt), the rest comes from sfc32, four words a step.
 */
function fillBlock(id: number, out: Uint32Array, start: number, end: number, packed: Uint32Array, saltBits: number) {
  let bits = mixBits(id ^ saltBits)
  let a = bits
  let b = saltBits
  let c = id | 0
  let counter = 1
  for (let at = start; at < end; at += 4) {
    out[at] = packed[bits & 255]!
    if (at + 1 < end) out[at + 1] = packed[(bits >>> 8) & 255]!
    if (at + 2 < end) out[at + 2] = packed[(bits >>> 16) & 255]!
    if (at + 3 < end) out[at + 3] = packed[bits >>> 24]!
    bits = (((a + b) | 0) + counter) | 0
    counter++
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + bits) | 0
  }
}
