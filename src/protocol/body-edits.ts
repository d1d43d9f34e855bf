import type { BodyPlaces } from './body-places.ts'
import type { ByteRange } from './request-fields.ts'

/** Bytes that take the place of a range of a body. */
export interface BodyEdit extends ByteRange {
  readonly bytes: Uint8Array
}

/** What an engine is to be asked beside what the client asked. */
export interface Additions {
  /** Answer as a stream. */
  readonly stream: boolean
  /** Report usage at the end of the stream. */
  readonly usage: boolean
  /** Name of the request under which the engine can be told to stop it; plain letters and digits. */
  readonly rid: string | undefined
  /** Data-parallel rank that is to take it, where the body does not name one. */
  readonly rank?: number | undefined
}

const encoder = new TextEncoder()

/** An edit that writes `value` as JSON in place of a range. */
export function jsonEdit({ start, end }: ByteRange, value: string | boolean): BodyEdit {
  return edit(start, end, JSON.stringify(value))
}

/** An edit that writes `text` in place of a range. */
export function textEdit({ start, end }: ByteRange, text: string): BodyEdit {
  return edit(start, end, text)
}

/**
 * The edits that make a body ask for `additions`. A member that is there gets another value where it stands, since
 * engines differ in which of two members of one name they take; one that is missing is put in front.
 */
export function bodyEdits(places: BodyPlaces, { stream, usage, rid, rank }: Additions): BodyEdit[] {
  const edits: BodyEdit[] = []
  const missing: string[] = []
  if (rid !== undefined) missing.push(`"rid":"${rid}"`)
  if (rank !== undefined && places.rank === undefined) missing.push(`"routed_dp_rank":${rank}`)
  if (stream) {
    if (places.stream === undefined) missing.push('"stream":true')
    else edits.push(jsonEdit(places.stream, true))
  }
  if (usage) {
    if (places.streamOptions === undefined) missing.push('"stream_options":{"include_usage":true}')
    else edits.push(usageEdit(places.streamOptions))
  }
  if (missing.length > 0) edits.push(edit(places.open, places.open, missing.join(',') + (places.empty ? '' : ',')))
  return edits
}

/**
 * The body with all edits made, in a buffer that `allocate` gives for its length. The ranges must not overlap; their
 * order does not matter.
 */
export function spliceBody<Bytes extends Uint8Array>(
  body: Uint8Array,
  edits: readonly BodyEdit[],
  allocate: (length: number) => Bytes,
): Bytes {
  let length = body.length
  for (const { start, end, bytes } of edits) length += bytes.length - (end - start)
  const target = allocate(length)
  let from = 0
  let at = 0
  for (const { start, end, bytes } of edits.toSorted((a, b) => a.start - b.start)) {
    target.set(body.subarray(from, start), at)
    at += start - from
    target.set(bytes, at)
    at += bytes.length
    from = end
  }
  target.set(body.subarray(from), at)
  return target
}

function usageEdit(options: NonNullable<BodyPlaces['streamOptions']>): BodyEdit {
  const { start, end, open, empty, includeUsage } = options
  if (open === undefined) return edit(start, end, '{"include_usage":true}')
  if (includeUsage !== undefined) return jsonEdit(includeUsage, true)
  return edit(open, open, empty ? '"include_usage":true' : '"include_usage":true,')
}

function edit(start: number, end: number, text: string): BodyEdit {
  return { start, end, bytes: encoder.encode(text) }
}
