import { ABSENT, type JsonTape, OBJECT } from './json-tape.ts'
import type { ByteRange } from './request-fields.ts'

/** Where the value of `stream_options` stands, and what is in it. */
export interface StreamOptionsPlace extends ByteRange {
  /** Offset behind the opening brace; undefined where the value is null. */
  readonly open: number | undefined
  readonly empty: boolean
  readonly includeUsage: ByteRange | undefined
}

/** Where in a request body stands what the router may have to change for an engine. Offsets in bytes. */
export interface BodyPlaces {
  /** Behind the opening brace of the body. */
  readonly open: number
  /** The body has no member. */
  readonly empty: boolean
  /** Value of `stream`. */
  readonly stream: ByteRange | undefined
  readonly streamOptions: StreamOptionsPlace | undefined
  /** The client wants its usage in every event (vLLM's `continuous_usage_stats`), should there be any. */
  readonly continuousUsage: boolean
  /** The client names the request itself (SGLang's `rid`). */
  readonly hasRid: boolean
  /** The data-parallel rank that the client names there (SGLang's `routed_dp_rank`). */
  readonly rank: ByteRange | undefined
}

/** Finds the places in the body on the tape; `request` is its root, an object. */
export function readPlaces(tape: JsonTape, request: number): BodyPlaces {
  const options = tape.member(request, 'stream_options')
  return {
    open: tape.start(request) + 1,
    empty: isEmpty(tape, request),
    stream: rangeOf(tape, tape.member(request, 'stream')),
    streamOptions: options === ABSENT ? undefined : optionsPlace(tape, options),
    continuousUsage: isObject(tape, options) && tape.get(options, 'continuous_usage_stats') !== ABSENT,
    hasRid: tape.get(request, 'rid') !== ABSENT,
    rank: rangeOf(tape, tape.get(request, 'routed_dp_rank')),
  }
}

function optionsPlace(tape: JsonTape, node: number): StreamOptionsPlace {
  const object = isObject(tape, node)
  return {
    start: tape.start(node),
    end: tape.stop(node),
    open: object ? tape.start(node) + 1 : undefined,
    empty: object && isEmpty(tape, node),
    includeUsage: object ? rangeOf(tape, tape.member(node, 'include_usage')) : undefined,
  }
}

function isObject(tape: JsonTape, node: number): boolean {
  return node !== ABSENT && tape.kind(node) === OBJECT
}

function isEmpty(tape: JsonTape, object: number): boolean {
  return tape.first(object) === tape.next(object)
}

/** Range of a value that is no string. */
function rangeOf(tape: JsonTape, node: number): ByteRange | undefined {
  return node === ABSENT ? undefined : { start: tape.start(node), end: tape.stop(node) }
}
