import { type BlockHash, toBlockHash } from './block-hash.ts'
import { toTier } from './cache-tier.ts'
import { describeValue } from './describe-value.ts'
import type { EventField, EventLayout } from './event-layout.ts'
import { readExtraKeys } from './extra-keys.ts'
import type { BlocksRemoved, BlocksStored, ExtraKey, KvEvent, SkipReason } from './kv-event.ts'
import { readMultimodalKeys } from './multimodal-keys.ts'

/** Why one event cannot be used. */
export interface Skip {
  readonly skip: SkipReason
  readonly found: string
}

type Fields = (name: EventField) => unknown

/**
 * Reads one event, positional (tag first) or a map (tag under `type`): by its shape, not by the engine's version.
 * Fields that are missing have their defaults, unknown ones are ignored.
 */
export function decodeEvent(raw: unknown, layout: EventLayout): KvEvent | Skip {
  if (raw === null || typeof raw !== 'object') return malformed('an event', raw)
  const tag = Array.isArray(raw) ? raw[0] : 'type' in raw ? raw.type : undefined
  if (tag === 'BlockStored') return decodeStored(fieldsOf(raw, layout.stored))
  if (tag === 'BlockRemoved') return decodeRemoved(fieldsOf(raw, layout.removed))
  if (tag === 'AllBlocksCleared') {
    return { type: 'all-blocks-cleared', ownership: text(fieldsOf(raw, [])('ownership')) }
  }
  if (typeof tag === 'string') return { skip: 'unknown-type', found: `event type ${describeValue(tag)}` }
  return malformed('an event with its type', raw)
}

function fieldsOf(raw: object, order: readonly EventField[]): Fields {
  if (isMap(raw)) return (name) => raw[name]
  const list: readonly unknown[] = Array.isArray(raw) ? raw : []
  return (name) => {
    const slot = order.indexOf(name) + 1
    return slot === 0 || slot >= list.length ? undefined : list[slot]
  }
}

function isMap(raw: object): raw is Readonly<Partial<Record<EventField, unknown>>> {
  return !Array.isArray(raw)
}

function decodeStored(field: Fields): BlocksStored | Skip {
  const blockHashes = readHashes(field('block_hashes'))
  if (blockHashes === undefined) return malformed('block_hashes, a list of hashes', field('block_hashes'))
  const parent = field('parent_block_hash')
  const parentHash = readParent(parent)
  if (parentHash === false) return malformed('parent_block_hash, a hash or nil', parent)
  const tokenIds = readTokens(field('token_ids'))
  if (tokenIds === undefined) return malformed('token_ids, a list of numbers from 0', field('token_ids'))
  const blockSize = count(field('block_size'))
  if (blockSize === undefined) return malformed('block_size, a number', field('block_size'))
  if (tokenIds.length > 0 && tokenIds.length !== blockHashes.length * blockSize) {
    return {
      skip: 'malformed',
      found: `BlockStored with ${tokenIds.length} tokens for ${blockHashes.length} blocks of ${blockSize}`,
    }
  }
  const tier = toTier(field('medium'))
  if (tier === undefined) return unknownMedium(field('medium'))
  const keys = readKeys(field, blockHashes.length, parentHash === undefined)
  if (keys === undefined) return malformed('one entry of extra_keys or mm_keys for each block', field('extra_keys'))
  return {
    type: 'blocks-stored',
    blockHashes,
    parentHash,
    tokenIds,
    blockSize,
    tier,
    ...keys,
    groupIndex: count(field('group_idx')),
    groupKind: text(field('kv_cache_spec_kind')),
    slidingWindow: count(field('kv_cache_spec_sliding_window')),
    locality: text(field('locality')),
    ownership: text(field('ownership')),
    sessionId: text(field('session_id')),
  }
}

function decodeRemoved(field: Fields): BlocksRemoved | Skip {
  const blockHashes = readHashes(field('block_hashes'))
  if (blockHashes === undefined) return malformed('block_hashes, a list of hashes', field('block_hashes'))
  const tier = toTier(field('medium'))
  if (tier === undefined) return unknownMedium(field('medium'))
  return {
    type: 'blocks-removed',
    blockHashes,
    tier,
    groupIndex: count(field('group_idx')),
    locality: text(field('locality')),
    ownership: text(field('ownership')),
  }
}

interface Keys {
  readonly loraId: number | undefined
  readonly loraName: string | undefined
  readonly cacheSalt: string | undefined
  readonly extraKeys: readonly (readonly ExtraKey[])[] | undefined
}

function readKeys(field: Fields, blocks: number, startsPrompt: boolean): Keys | undefined {
  const loraId = count(field('lora_id'))
  const name = text(field('lora_name'))
  const loraName = name === '' ? undefined : name
  const cacheSalt = text(field('cache_salt'))
  const images = field('mm_keys') ?? undefined
  if (images !== undefined) {
    const extraKeys = readMultimodalKeys(images, blocks)
    return extraKeys && { loraId, loraName, cacheSalt, extraKeys }
  }
  const raw = field('extra_keys') ?? undefined
  if (raw === undefined) return { loraId, loraName, cacheSalt, extraKeys: undefined }
  const read = readExtraKeys(raw, blocks, startsPrompt, { name: loraName, id: loraId })
  return read && { loraId, loraName: read.loraName, cacheSalt: cacheSalt ?? read.cacheSalt, extraKeys: read.perBlock }
}

function readHashes(value: unknown): readonly BlockHash[] | undefined {
  if (!Array.isArray(value)) return undefined
  const list: readonly unknown[] = value
  const hashes: BlockHash[] = []
  for (const entry of list) {
    const hash = toBlockHash(entry)
    if (hash === undefined) return undefined
    hashes.push(hash)
  }
  return hashes
}

/** Undefined for the start of a prompt, which some publishers write as 0 instead of nil; false when it is no hash. */
function readParent(value: unknown): BlockHash | undefined | false {
  if (value === undefined || value === null) return undefined
  const hash = toBlockHash(value)
  if (hash === undefined) return false
  return hash === 0n ? undefined : hash
}

/** With draft-model speculation SGLang writes pairs of a token and the next one; the first is the block's own. */
function readTokens(value: unknown): Uint32Array | undefined {
  if (!Array.isArray(value)) return undefined
  const list: readonly unknown[] = value
  const tokens = new Uint32Array(list.length)
  for (let at = 0; at < list.length; at++) {
    const cell = list[at]
    const token: unknown = typeof cell !== 'number' && Array.isArray(cell) ? cell[0] : cell
    if (typeof token !== 'number') return undefined
    tokens[at] = token
    if (tokens[at] !== token) return undefined
  }
  return tokens
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function malformed(expected: string, found: unknown): Skip {
  return { skip: 'malformed', found: `expected ${expected}, found ${describeValue(found)}` }
}

function unknownMedium(found: unknown): Skip {
  return { skip: 'unknown-medium', found: `medium ${describeValue(found)}` }
}
