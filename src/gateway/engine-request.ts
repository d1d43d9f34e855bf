import { randomUUID } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { type Additions, type BodyEdit, bodyEdits, spliceBody } from '../protocol/body-edits.ts'
import type { BodyPlaces } from '../protocol/body-places.ts'
import { type EngineName, type EngineQuirks, engineQuirks } from '../protocol/engine-quirks.ts'
import type { BodyBuffers } from './body-buffers.ts'
import type { AskUsage } from './gateway-context.ts'
import type { LoadInAnswers } from './load-in-answers.ts'
import { type ModelNaming, modelEdit, nameAt } from './model-naming.ts'
import { type OutgoingRequest, withoutHeader } from './outgoing.ts'

/** A client's request, before it is known which engine gets it. */
export interface ClientRequest {
  readonly outgoing: OutgoingRequest
  /** The client's bytes. */
  readonly body: Buffer
  /** How engines call the model; undefined where all call it as the client does. */
  readonly naming: ModelNaming | undefined
  /** The change of a text prompt to its token ids. */
  readonly promptIds?: BodyEdit | undefined
  readonly places: BodyPlaces | undefined
  readonly streamed: boolean
  readonly includeUsage: boolean
  /** One answer to one prompt. */
  readonly single: boolean
  /** The client wants the engine's load itself. */
  readonly asksLoad: boolean
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
  /** The header of the answer with the load that the router asked for: it is read and taken out. */
  readonly loadHeader: string | undefined
}

/** What the router wants to know of an engine beside what the client asks. */
export interface EngineWishes {
  readonly usage: AskUsage
  /** Undefined where the engine's load is not asked for. */
  readonly load: LoadInAnswers | undefined
  /** Data-parallel rank that is to take the request; undefined where the engine chooses. */
  readonly rank?: number | undefined
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
  const changed = changedBody(request, NOTHING, undefined, buffers)
  const options = changed === undefined ? request.outgoing : { ...request.outgoing, body: changed }
  return { options, changed, gather: false, strip: 'nothing', stop: undefined, loadHeader: undefined }
}

/** The request as one engine has to get it; undefined where nothing is different from `plainRequest`. */
export function engineRequest(
  request: ClientRequest,
  engine: EngineName | undefined,
  wishes: EngineWishes,
  buffers: BodyBuffers,
): EngineRequest | undefined {
  const quirks = engineQuirks(engine)
  const gather = isGathered(request, quirks)
  const ask = asksUsage(request, engine, quirks, wishes.usage)
  const stop = stopOf(request, quirks)
  const load = request.asksLoad || request.places === undefined ? undefined : wishes.load
  const rank = quirks.rankInBody && request.places !== undefined ? wishes.rank : undefined
  const reads = gather || ask
  const additions = { stream: gather, usage: reads, rid: stop?.rid, rank }
  if (!isAsked(additions) && load === undefined && !isNamedAnew(request, engine)) return undefined
  const changed = changedBody(request, additions, engine, buffers)
  const options = { ...request.outgoing, headers: headersFor(request.outgoing, reads, load) }
  return {
    options: changed === undefined ? options : { ...options, body: changed },
    changed,
    gather,
    strip: stripped(ask, quirks),
    stop,
    loadHeader: load?.answer,
  }
}

function isAsked({ stream, usage, rid, rank }: Additions): boolean {
  return stream || usage || rid !== undefined || rank !== undefined
}

/** True when this engine calls the model otherwise than one that is not known. */
function isNamedAnew({ naming }: ClientRequest, engine: EngineName | undefined): boolean {
  return naming !== undefined && nameAt(naming, engine) !== nameAt(naming, undefined)
}

/** An answer that is read must not be compressed. */
function headersFor({ headers }: OutgoingRequest, reads: boolean, load: LoadInAnswers | undefined): string[] {
  const kept = reads ? withoutHeader(headers, 'accept-encoding') : headers
  return load === undefined ? kept : [...kept, load.question.name, load.question.value]
}

function stripped(ask: boolean, { nullsWhenAsked }: EngineQuirks): EngineRequest['strip'] {
  if (!ask) return 'nothing'
  return nullsWhenAsked ? 'usage and nulls' : 'usage'
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
  { body, naming, promptIds, places }: ClientRequest,
  additions: Additions,
  engine: EngineName | undefined,
  buffers: BodyBuffers,
): Buffer | undefined {
  const edits = places === undefined || additions === NOTHING ? [] : bodyEdits(places, additions)
  const renamed = naming === undefined ? undefined : modelEdit(naming, engine)
  if (renamed !== undefined) edits.push(renamed)
  if (promptIds !== undefined) edits.push(promptIds)
  return edits.length === 0 ? undefined : spliceBody(body, edits, (length) => buffers.take(length))
}
