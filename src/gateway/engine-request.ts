import { randomUUID } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { type Additions, type BodyEdit, bodyEdits, spliceBody } from '../protocol/body-edits.ts'
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
  /** The change of a text prompt to its token ids. */
  readonly promptIds?: BodyEdit | undefined
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

const NOTHING: Additions = { stream: false, usage: false, rid: undefined }

/** The request as it is sent to any engine that needs nothing else. */
export function plainRequest(request: ClientRequest, buffers: BodyBuffers): EngineRequest {
  const changed = changedBody(request, NOTHING, buffers)
  const options = changed === undefined ? request.outgoing : { ...request.outgoing, body: changed }
  return { options, changed, gather: false, strip: 'nothing', stop: undefined }
}

/** The request as one engine has to get it; undefined where nothing is different from `plainRequest`. */
export function engineRequest(
  request: ClientRequest,
  engine: EngineName | undefined,
  askUsage: AskUsage,
  buffers: BodyBuffers,
): EngineRequest | undefined {
  const quirks = engineQuirks(engine)
  const gather = isGathered(request, quirks)
  const ask = asksUsage(request, engine, quirks, askUsage)
  const stop = stopOf(request, quirks)
  if (!gather && !ask && stop === undefined) return undefined
  const changed = changedBody(request, { stream: gather, usage: gather || ask, rid: stop?.rid }, buffers)
  // An answer that is read must not be compressed.
  const headers = gather || ask ? withoutHeader(request.outgoing.headers, 'accept-encoding') : request.outgoing.headers
  const options = { ...request.outgoing, headers }
  return {
    options: changed === undefined ? options : { ...options, body: changed },
    changed,
    gather,
    strip: ask ? (quirks.nullsWhenAsked ? 'usage and nulls' : 'usage') : 'nothing',
    stop,
  }
}

/** llama.cpp's plain answers of one choice: those of several are not told apart in what its stream counts. */
function isGathered({ places, streamed, single }: ClientRequest, { plainOutlivesClient }: EngineQuirks): boolean {
  return plainOutlivesClient && places !== undefined && !streamed && single
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
function stopOf({ places, single, outgoing }: ClientRequest, { abortPath }: EngineQuirks): StopOrder | undefined {
  if (abortPath === undefined || places === undefined || !single || places.hasRid) return undefined
  const { headers } = outgoing
  const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization')
  const rid = randomUUID().replaceAll('-', '')
  return { path: abortPath, rid, headers: at < 0 ? [] : headers.slice(at, at + 2) }
}

/** A body of its own, or undefined where the client's bytes can be sent. */
function changedBody(
  { body, renamed, promptIds, places }: ClientRequest,
  additions: Additions,
  buffers: BodyBuffers,
): Buffer | undefined {
  const edits = places === undefined || additions === NOTHING ? [] : bodyEdits(places, additions)
  if (renamed !== undefined) edits.push(renamed)
  if (promptIds !== undefined) edits.push(promptIds)
  return edits.length === 0 ? undefined : spliceBody(body, edits, (length) => buffers.take(length))
}
