import type { ReportedUsage } from '../core/outcome.ts'
import type { AnswerSummary } from './answer-summary.ts'
import type { Route } from './route.ts'
import { createSseReader } from './sse-reader.ts'
import { readStreamEvent, type StreamError } from './stream-event.ts'
import { StreamTail, TAIL_BYTES } from './stream-tail.ts'
import { mergedUsage, usageInText } from './usage.ts'

/** Largest event before the first content that is read; a longer one (say, echoed prompt ids) is taken for no content. */
const EVENT_LIMIT_BYTES = 64 * 1024

/** How a stream closed: what its last events, those behind the last content, amount to. */
interface Closing {
  /** Events without content. */
  readonly silent: number
  readonly end: boolean
  readonly error: StreamError | undefined
}

/**
 * Watches an event stream. Up to the first content every event is parsed; from then on the end is kept and events are
 * counted, and only `finish` looks closer.
 */
export class SseMeter {
  errorEvent: StreamError | undefined
  readonly #route: Route
  readonly #reader = createSseReader(EVENT_LIMIT_BYTES, (lines) => this.#readEvent(lines))
  readonly #decoder = new TextDecoder()
  /** Present from the first content on. */
  #tail: StreamTail | undefined
  #usage: ReportedUsage | undefined
  #ended = false

  constructor(route: Route) {
    this.#route = route
  }

  chunk(bytes: Uint8Array): boolean {
    if (this.#tail !== undefined) {
      this.#tail.keepEvents(bytes)
      return false
    }
    const behind = this.#reader.read(bytes)
    if (behind < 0) return false
    this.#tail = new StreamTail()
    this.#tail.keepEvents(bytes.subarray(behind))
    return true
  }

  finish(): AnswerSummary {
    return this.#tail === undefined ? this.#finishWithoutContent() : this.#finishBehind(this.#tail)
  }

  /** Takes in one event before or at the first content; true if it is that. */
  #readEvent(lines: string): boolean {
    const event = readStreamEvent(lines)
    this.errorEvent ??= event.error
    this.#usage = mergedUsage(this.#usage, event.usage)
    this.#ended ||= event.end
    return event.content
  }

  #finishWithoutContent(): AnswerSummary {
    const rest = this.#reader.rest()
    this.#readEvent(rest)
    return { events: 0, usage: this.#usage, finished: this.#ended || this.#needsNoEnd(rest) }
  }

  #finishBehind(tail: StreamTail): AnswerSummary {
    const bytes = tail.bytes()
    const text = this.#decoder.decode(bytes)
    const lastUsage = usageInText(text)
    const events = text.split(/\r?\n\r?\n/)
    const rest = events.pop() ?? ''
    const cut = bytes.length === TAIL_BYTES ? events.shift() : undefined
    const closing = closingOf(events, rest)
    // Only the last event of Responses carries usage, and it repeats the whole answer, which may not fit into the tail.
    const cutEnd = !closing.end && this.#route.name === 'responses' && cut !== undefined && lastUsage !== undefined
    this.errorEvent ??= closing.error
    return {
      events: 1 + Math.max(0, tail.events - closing.silent - Number(cutEnd)),
      usage: mergedUsage(this.#usage, lastUsage),
      finished: this.#ended || closing.end || cutEnd || this.#needsNoEnd(rest),
    }
  }

  /** A stream that is passed through unread has no end mark that is known; it must only not break off in an event. */
  #needsNoEnd(rest: string): boolean {
    return !this.#route.generates && rest.trim() === ''
  }
}

/** Reads complete events from the last one back to the last content; `rest` is an event that was not closed. */
function closingOf(events: readonly string[], rest: string): Closing {
  let { end, error } = readStreamEvent(rest)
  let silent = 0
  for (const lines of events.toReversed()) {
    if (lines === '') continue
    const event = readStreamEvent(lines)
    end ||= event.end
    error ??= event.error
    if (event.content) break
    silent++
  }
  return { silent, end, error }
}
