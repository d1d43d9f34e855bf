import { type BodyPlaces, readPlaces } from './body-places.ts'
import { booleanField, numberField, objectField, stringField, textField } from './checked-fields.ts'
import { ABSENT, type JsonTape, NUMBER, OBJECT, STRING } from './json-tape.ts'
import { FieldFault } from './request-format-error.ts'

/** Offsets in the body, the end not included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What a request asks for besides its prompt. */
export interface RequestFields {
  readonly model: string | undefined
  /** The model's JSON string with its quotes, where an alias can be spliced in. */
  readonly modelRange: ByteRange | undefined
  readonly stream: boolean
  /** The client asked for the usage block of a stream itself. */
  readonly includeUsage: boolean
  /** The smallest of the limits on the answer, in tokens. */
  readonly maxTokens: number | undefined
  /** Answers to generate. */
  readonly choices: number
  readonly cacheSalt: string | undefined
  /** Conversation or, failing that, user the request belongs to. */
  readonly session: string | undefined
  readonly priority: number | undefined
  /** Where what an engine's quirks may change stands; undefined on routes where nothing is changed. */
  readonly places: BodyPlaces | undefined
}

export const NO_FIELDS: RequestFields = {
  model: undefined,
  modelRange: undefined,
  stream: false,
  includeUsage: false,
  maxTokens: undefined,
  choices: 1,
  cacheSalt: undefined,
  session: undefined,
  priority: undefined,
  places: undefined,
}

/** Reads the fields that all routes share, and the places of what may have to be changed where asked for. A field of another type than documented is a FieldFault. */
export function readFields(tape: JsonTape, request: number, withPlaces = false): RequestFields {
  const model = stringField(tape, request, 'model')
  const streamOptions = objectField(tape, request, 'stream_options')
  const wanted = Math.max(numberField(tape, request, 'n') ?? 1, numberField(tape, request, 'best_of') ?? 1, 1)
  return {
    model: model === ABSENT ? undefined : tape.string(model),
    modelRange: model === ABSENT ? undefined : rangeOf(tape, model),
    stream: booleanField(tape, request, 'stream') ?? false,
    includeUsage: streamOptions !== ABSENT && (booleanField(tape, streamOptions, 'include_usage') ?? false),
    maxTokens: readMaxTokens(tape, request),
    choices: Math.floor(wanted),
    cacheSalt: textField(tape, request, 'cache_salt'),
    session: readSession(tape, request),
    priority: numberField(tape, request, 'priority'),
    places: withPlaces ? readPlaces(tape, request) : undefined,
  }
}

/** The model alone, whatever else the body holds. */
export function readModel(tape: JsonTape): RequestFields {
  if (tape.kind(0) !== OBJECT) return NO_FIELDS
  const model = tape.get(0, 'model')
  if (model === ABSENT || tape.kind(model) !== STRING) return NO_FIELDS
  return { ...NO_FIELDS, model: tape.string(model), modelRange: rangeOf(tape, model) }
}

function rangeOf(tape: JsonTape, string: number): ByteRange {
  return { start: tape.start(string) - 1, end: tape.stop(string) + 1 }
}

function readMaxTokens(tape: JsonTape, request: number): number | undefined {
  const smallest = Math.min(
    readLimit(tape, request, 'max_tokens'),
    readLimit(tape, request, 'max_completion_tokens'),
    readLimit(tape, request, 'max_output_tokens'),
  )
  return smallest === Infinity ? undefined : smallest
}

/** A limit in tokens; none where it is negative (llama.cpp). */
function readLimit(tape: JsonTape, request: number, name: string): number {
  const limit = numberField(tape, request, name)
  return limit === undefined || limit < 0 ? Infinity : limit
}

/** The first hint there is, from the narrowest to the widest; an empty one says nothing. */
function readSession(tape: JsonTape, request: number): string | undefined {
  return (
    hint(tape, request, 'prompt_cache_key') ??
    hint(tape, request, 'session_id') ??
    readConversation(tape, request) ??
    hint(tape, request, 'previous_response_id') ??
    readMetadataUser(tape, request) ??
    hint(tape, request, 'user')
  )
}

function readConversation(tape: JsonTape, request: number): string | undefined {
  const conversation = tape.get(request, 'conversation')
  if (conversation === ABSENT || tape.kind(conversation) !== OBJECT) return hint(tape, request, 'conversation')
  return hint(tape, conversation, 'id')
}

/** Anthropic's place for the user. */
function readMetadataUser(tape: JsonTape, request: number): string | undefined {
  const metadata = objectField(tape, request, 'metadata')
  return metadata === ABSENT ? undefined : hint(tape, metadata, 'user_id')
}

/** A string, or a number as LMDeploy wants its session ids. */
function hint(tape: JsonTape, object: number, name: string): string | undefined {
  const node = tape.get(object, name)
  if (node === ABSENT) return undefined
  const kind = tape.kind(node)
  if (kind === NUMBER) return tape.raw(node)
  if (kind !== STRING) throw new FieldFault(node, 'a string')
  return tape.stop(node) > tape.start(node) ? tape.string(node) : undefined
}
