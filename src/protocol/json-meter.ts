import type { AnswerSummary } from './answer-summary.ts'
import { StreamTail, TAIL_BYTES } from './stream-tail.ts'
import { mergedUsage, usageInText } from './usage.ts'

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' }

/**
 * Watches an answer that is one JSON document. Its first content is its first byte: an engine writes it when all of it
 * is known. Usage is looked for in its last and its first 4096 bytes; engines write it at either end. It counts as
 * finished when it ends on the bracket that its first byte asks for: a cut right behind an inner bracket goes unseen here
 * and is for HTTP's framing to report.
 */
export class JsonMeter {
  readonly errorEvent = undefined
  readonly #head = new Uint8Array(TAIL_BYTES)
  #headLength = 0
  readonly #tail = new StreamTail()
  readonly #decoder = new TextDecoder()

  chunk(bytes: Uint8Array): boolean {
    const first = this.#headLength === 0 && bytes.length > 0
    const room = this.#head.length - this.#headLength
    if (room > 0) {
      const start = bytes.subarray(0, room)
      this.#head.set(start, this.#headLength)
      this.#headLength += start.length
    }
    this.#tail.keep(bytes)
    return first
  }

  finish(): AnswerSummary {
    const head = this.#decoder.decode(this.#head.subarray(0, this.#headLength)).trimStart()
    const tail = this.#decoder.decode(this.#tail.bytes()).trimEnd()
    const last = CLOSING[head.slice(0, 1)]
    return {
      events: 0,
      usage: mergedUsage(usageInText(head), usageInText(tail)),
      finished: last !== undefined && tail.endsWith(last),
    }
  }
}
