import type { AnswerSummary } from './answer-summary.ts'
import { JsonMeter } from './json-meter.ts'
import { OpaqueMeter } from './opaque-meter.ts'
import type { Route } from './route.ts'
import { SseMeter } from './sse-meter.ts'
import type { StreamError } from './stream-event.ts'

/** Watches an engine's answer as its chunks pass by. It never changes, delays or keeps them. */
export interface AnswerMeter {
  /**
   * A failure the engine reported inside a stream with status 200. Set as soon as it passes while there is no content
   * yet, so that another endpoint can still be tried; behind the first content only by `finish`, and only where it is
   * among the last events.
   */
  readonly errorEvent: StreamError | undefined
  /**
   * Takes in the next bytes, cut anywhere. True exactly once: for the chunk that completes the first event with
   * generated content or, where the answer is no event stream, for the first byte.
   */
  chunk(bytes: Uint8Array): boolean
  /** What there is to say about the whole answer, to be called once, when no chunk follows. */
  finish(): AnswerSummary
}

/**
 * The meter for one answer, chosen by its Content-Type. An answer with a Content-Encoding cannot be read: pass
 * undefined for its type. `route` tells which protocol's end mark is due.
 */
export function createAnswerMeter(route: Route, contentType: string | undefined): AnswerMeter {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (mediaType === 'text/event-stream') return new SseMeter(route)
  if (mediaType === 'application/json' || mediaType.endsWith('+json')) return new JsonMeter()
  return new OpaqueMeter()
}
