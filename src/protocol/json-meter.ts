import type { AnswerSummary } from './answer-summary.ts'
import { StreamTail, TAIL_BYTES } from './stream-tail.ts'
import { mergedUsage, usageInText } from './usage.ts'

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' }
const NOTHING = new Uint8Array(0)
const decoder = new TextDecoder()

/**
 * Watches an answer that is one JSON document. Its first content is its first byte: an engine writes it when all of it
 * is known. Usage is looked for in its last and its first 4096 bytes; engines write it at either end. It counts as
 * finished when it ends on the bracket that its first byte asks for: a cut right behind an inner bracket goes unseen here
 * and is for HTTP's framing to report.
 *
 * Most answers are one small chunk. It is held as it is until `finish`; only what follows is copied.
 */
export class JsonMeter {
  readonly errorEvent = undefined
  #head: Uint8Array = NOTHING
  /** Present where the answer came in several chunks or is too long to be read as a whole. */
  #tail: StreamTail | undefined

  chunk(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return false
    if (this.#head.length === 0 && bytes.length <= TAIL_BYTES) {
      this.#head = bytes
      return true
    }
    const first = this.#head.length === 0
    if (this.#tail === undefined) {
      this.#tail = new StreamTail()
      this.#tail.keep(this.#head)
    }
    this.#tail.keep(bytes)
    if (this.#head.length < TAIL_BYTES)
      this.#head = joined(this.#head, bytes.subarray(0, TAIL_BYTES - this.#head.length))
    return first
  }

  finish(): AnswerSummary {
    const head = decoder.decode(this.#head).trimStart()
    const tail = (this.#tail === undefined ? head : decoder.decode(this.#tail.bytes())).trimEnd()
    const last = CLOSING[head.slice(0, 1)]
    const usage = usageInText(tail)
    return {
      events: 0,
      usage: this.#tail === undefined ? usage : mergedUsage(usageInText(head), usage),
      finished: last !== undefined && tail.endsWith(last),
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
