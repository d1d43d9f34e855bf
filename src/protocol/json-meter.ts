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
 */
export class JsonMeter {
  readonly errorEvent = undefined
  /** The first bytes: the first chunk itself, as long as no other follows, so that most answers are never copied. */
  #head: Uint8Array = NOTHING
  #headLength = 0
  /** The last bytes, where there is more than one chunk. */
  #tail: StreamTail | undefined

  chunk(bytes: Uint8Array): boolean {
    if (this.#headLength === 0) {
      this.#head = bytes
      this.#headLength = bytes.length
      return bytes.length > 0
    }
    this.#tail ??= this.#keepFirst()
    const start = bytes.subarray(0, TAIL_BYTES - this.#headLength)
    this.#head.set(start, this.#headLength)
    this.#headLength += start.length
    this.#tail.keep(bytes)
    return false
  }

  finish(): AnswerSummary {
    const start = this.#head.subarray(0, Math.min(TAIL_BYTES, this.#headLength))
    const head = decoder.decode(start).trimStart()
    const whole = this.#tail === undefined && this.#headLength <= TAIL_BYTES
    const tail = (whole ? head : decoder.decode(this.#tail?.bytes() ?? this.#head.subarray(-TAIL_BYTES))).trimEnd()
    const last = CLOSING[head.slice(0, 1)]
    const usage = usageInText(tail)
    return {
      events: 0,
      usage: whole ? usage : mergedUsage(usageInText(head), usage),
      finished: last !== undefined && tail.endsWith(last),
    }
  }

  /** A second chunk has come: copies what is needed of the first, which belongs to somebody else. */
  #keepFirst(): StreamTail {
    const tail = new StreamTail()
    tail.keep(this.#head)
    const start = this.#head.subarray(0, TAIL_BYTES)
    this.#head = new Uint8Array(TAIL_BYTES)
    this.#head.set(start)
    this.#headLength = start.length
    return tail
  }
}
