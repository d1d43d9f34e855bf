import { routerError, type RouterError } from '../core/errors.ts'
import type { Fleet } from '../core/fleet.ts'
import type { Pool } from '../core/pool.ts'
import type { TokenBlocks } from '../core/token-blocks.ts'
import type { BlockHasher } from '../prefix/block-hasher.ts'
import { hashPrompt } from '../protocol/prompt-identity.ts'
import type { BodyEdit } from '../protocol/body-edits.ts'
import type { PromptPlan } from '../protocol/prompt-plan.ts'
import { promptTokenIds } from '../protocol/prompt-token-ids.ts'
import type { BodyPlaces } from '../protocol/body-places.ts'
import type { ByteRange } from '../protocol/request-fields.ts'
import type { RequestFormatError } from '../protocol/request-format-error.ts'
import type { Route } from '../protocol/route.ts'
import { scanRequest } from '../protocol/scan-request.ts'
import type { Understood } from './gateway-request.ts'
import type { ModelNaming } from './model-naming.ts'

/** A request whose pool is known. */
export interface UnderstoodRequest extends Understood {
  readonly pool: Pool
  /** The model's name in the body, where the engine may call it otherwise: an alias, an adapter. */
  readonly naming: ModelNaming | undefined
  /** Where what an engine's quirks may change stands. */
  readonly places: BodyPlaces | undefined
  /** The client asked for the usage of its stream. */
  readonly includeUsage: boolean
  /** One answer to one prompt. */
  readonly single: boolean
  /** The model after aliases; an adapter's own name. */
  readonly served: string
  readonly cacheSalt: string | undefined
  readonly prompt: PromptPlan
  /** The change of a text prompt to token ids. */
  readonly promptIds?: BodyEdit | undefined
}

/** What understanding a request needs of the gateway. */
export interface UnderstandingServices {
  readonly fleet: Fleet
  readonly hasher: BlockHasher
  /** Cuts prompts that come as token ids, where engines report their blocks. */
  readonly tokenBlocks?: TokenBlocks
}

/** What beside its body tells requests apart. */
export interface RequestEnvelope {
  readonly contentEncoding: string | undefined
  readonly tenant: string | undefined
}

/** Routes on which a request may leave its model out even where several are served. */
const MODEL_FREE: ReadonlySet<string> = new Set(['other', 'tokenize', 'detokenize'])

/** Finds out what a body asks for: its pool, its prompt's blocks, its limits. Reads the bytes in place. */
export function understand(
  services: UnderstandingServices,
  route: Route,
  body: Uint8Array,
  { contentEncoding, tenant }: RequestEnvelope,
): UnderstoodRequest | RouterError {
  if (contentEncoding !== undefined && contentEncoding !== 'identity' && route.name !== 'other') {
    return routerError('unsupported_media', { encoding: contentEncoding })
  }
  const scan = scanRequest(route, body)
  if (!scan.ok) return formatError(scan.error)
  const { fleet, hasher, tokenBlocks } = services
  const { model, modelRange, cacheSalt, maxTokens, stream, session } = scan.value
  const pool = findPool(fleet, route, model)
  if ('code' in pool) return pool
  const served = fleet.resolve(model ?? pool.model)
  const identity = hashPrompt(scan.value, { model: served, cacheSalt, tenant }, hasher)
  const naming = namingOf(fleet, pool, served, model, modelRange)
  const { blocks, promptBytes, tokenIds, promptTokens } = identity
  const tokens = tokenBlocks?.wantedBy(pool) === true ? promptTokenIds(scan.value.prompt) : undefined
  const tokenKeys = tokens && tokenBlocks?.keysOf(tokens, { pool, model: served, cacheSalt })
  const { places, includeUsage, choices, prompt } = scan.value
  return {
    blocks,
    tokenKeys,
    promptBytes,
    tokenIds,
    promptTokens,
    pool,
    naming,
    maxTokens,
    streamed: stream,
    session,
    places,
    includeUsage,
    single: choices === 1 && prompt.prompts === 1,
    served,
    cacheSalt,
    prompt,
  }
}

function namingOf(
  fleet: Fleet,
  { base }: Pool,
  served: string,
  written: string | undefined,
  range: ByteRange | undefined,
): ModelNaming | undefined {
  if (written === undefined || range === undefined || (written === served && base === undefined)) return undefined
  return { range, written, served, base, qualified: written !== served && !fleet.aliases.has(written) }
}

function findPool(fleet: Fleet, route: Route, model: string | undefined): Pool | RouterError {
  const pool = fleet.poolOf(model)
  if (pool !== undefined) return pool
  if (MODEL_FREE.has(route.name)) return fleet.anyPool
  const known = fleet.knownNames()
  if (known.length === 0) {
    const reason = 'no endpoint has said yet which models it serves'
    return routerError('no_ready_endpoint', { reason, retryAfterSeconds: 5 })
  }
  if (model !== undefined) return routerError('model_not_found', { model, known })
  return routerError('invalid_request', { param: 'model', expected: `one of ${known.join(', ')}`, found: 'missing' })
}

function formatError({ param, expected, found, offset }: RequestFormatError): RouterError {
  if (param !== undefined) return routerError('invalid_request', { param: param || 'body', expected, found })
  return routerError('malformed_json', { reason: `expected ${expected}, found ${found} at byte ${offset}` })
}
