import { randomUUID } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { type BodyEdit, bodyEdits, spliceBody } from '../protocol/body-edits.ts'
import type { BodyPlaces } from '../protocol/body-places.ts'
import { type EngineName, type EngineQuirks, engineQuirks } from '../protocol/engine-quirks.ts'
import type { BodyBuffers } from './body-buffers.ts'
import type { AskUsage } from './gateway-context.ts'
import { type OutgoingRequest, withoutHeader } from './outgoing.ts'

/** A client's request, before it is known which engine gets it. */
export interface ClientRequest {
  readonly outgoing: OutgoingRequest
  /** The client's bytes. */
  readonly body: Buffer
  /** The change of an alias to the model's name. */
  readonly renamed: BodyEdit | undefined
  readonly places: BodyPlaces | undefined
  readonly streamed: boolean
  readonly includeUsage: boolean
  /** One answer to one prompt. */
  readonly single: boolean
}

/** What one engine is sent, and what that means for its answer. */
export interface EngineRequest {
  readonly options: Dispatcher.DispatchOptions
  /** The changed body, a buffer of its own; undefined where the client's bytes are sent. */
  readonly changed: Buffer | undefined
  /** The answer comes as a stream, the client wants it in one piece. */
  readonly gather: boolean
  /** What the answer has only because the router asked for usage. */
  readonly strip: 'nothing' | 'usage' | 'usage and nulls'
  /** How to stop the engine's work on it. */
  readonly stop: StopOrder | undefined
}

/** A request that makes an engine stop its work on another. */
export interface StopOrder {
  readonly path: string
  readonly rid: string
  /** Who asks, as the client said. */
  readonly headers: readonly string[]
}

/** What is known of the endpoint that a request goes to. */
export interface EngineFacts {
  readonly engine: EngineName | undefined
  readonly rank: number | undefined
}

/** vLLM and SGLang: the rank behind a shared address that is to take the request. */
const RANK_HEADER = 'x-data-parallel-rank'

/** The request as it is sent to any engine that needs nothing else; a change of the model's name is made once. */
export function plainRequest({ outgoing, body, renamed }: ClientRequest, buffers: BodyBuffers): EngineRequest {
  const changed = renamed === undefined ? undefined : spliceBody(body, [renamed], (length) => buffers.take(length))
  const options = changed === undefined ? outgoing : { ...outgoing, body: changed }
  return { options, changed, gather: false, strip: 'nothing', stop: undefined }
}

/** The request as one engine has to get it; undefined where nothing is different from `plainRequest`. */
export function engineRequest(
  request: ClientRequest,
  { engine, rank }: EngineFacts,
  askUsage: AskUsage,
  buffers: BodyBuffers,
): EngineRequest | undefined {
  const { places, outgoing } = request
  const quirks = engineQuirks(engine)
  const gather = places !== undefined && quirks.plainOutlivesClient && !request.streamed && request.single
  const ask = asksUsage(request, engine, quirks, askUsage)
  const stop = places === undefined ? undefined : stopOf(request, places, quirks)
  if (!gather && !ask && stop === undefined && rank === undefined) return undefined
  const changed =
    places === undefined || !(gather || ask || stop !== undefined)
      ? plainRequest(request, buffers).changed
      : changedBody(request, places, { stream: gather, usage: gather || ask, rid: stop?.rid }, buffers)
  // An answer that is read cannot be compressed.
  let headers = gather || ask ? withoutHeader(outgoing.headers, 'accept-encoding') : outgoing.headers
  if (rank !== undefined) headers = [...withoutHeader(headers, RANK_HEADER), RANK_HEADER, String(rank)]
  return {
    options: { ...outgoing, headers, ...(changed === undefined ? {} : { body: changed }) },
    changed,
    gather,
    strip: !ask ? 'nothing' : quirks.nullsWhenAsked ? 'usage and nulls' : 'usage',
    stop,
  }
}

function asksUsage(
  { places, streamed, includeUsage }: ClientRequest,
  engine: EngineName | undefined,
  quirks: EngineQuirks,
  askUsage: AskUsage,
): boolean {
  if (askUsage === 'none' || !streamed || includeUsage || places === undefined) return false
  if (askUsage === 'known' && (engine === undefined || engine === 'openai')) return false
  // Asked for usage, such an engine would put it into every event.
  return quirks.usageWhenAsked && !places.continuousUsage
}

/**
 * The id under which a request can be stopped. SGLang takes every id that begins with the one it is told, so it is
 * always a fresh one of fixed length; a client's own is left alone, and a request with several answers has several.
 */
function stopOf(request: ClientRequest, places: BodyPlaces, { abortPath }: EngineQuirks): StopOrder | undefined {
  if (abortPath === undefined || !request.single || places.hasRid) return undefined
  const { headers } = request.outgoing
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization')
  const rid = randomUUID().replaceAll('-', '')
  return { path: abortPath, rid, headers: at < 0 ? [] : headers.slice(at, at + 2) }
}

function changedBody(
  { body, renamed }: ClientRequest,
  places: BodyPlaces,
  additions: Parameters<typeof bodyEdits>[1],
  buffers: BodyBuffers,
): Buffer {
  const edits = bodyEdits(places, additions)
  if (renamed !== undefined) edits.push(renamed)
  return spliceBody(body, edits, (length) => buffers.take(length))
}
