import { type BlockHash, toHashBytes } from './block-hash.ts'
import { toMedium } from './cache-tier.ts'
import type { EventField, EventLayout } from './event-layout.ts'
import type { KvEvent } from './kv-event.ts'

/** How events are written. */
export interface EventForm {
  /** `map`: names and values, defaults left out. `array`: the tag and the values in the order of the layout. */
  readonly shape: 'map' | 'array'
  readonly layout: EventLayout
  /** Names that the map form always has, nil or not. */
  readonly always: ReadonlySet<EventField>
  readonly hash: (hash: BlockHash) => bigint | Uint8Array
  /** The values that this engine writes for a kind of event; undefined and nil are its defaults. */
  readonly values: (event: KvEvent, form: EventForm) => Readonly<Partial<Record<EventField, unknown>>>
}

/** How hashes are written: as a number of 64 bits with or without sign, or as so many bytes of digest. */
export type HashForm = 'unsigned' | 'signed' | { readonly bytes: number }

/** A function that writes hashes in this form. A number keeps the low 64 bits. */
export function hashWriter(form: HashForm): (hash: BlockHash) => bigint | Uint8Array {
  if (form === 'unsigned') return (hash) => BigInt.asUintN(64, hash)
  if (form === 'signed') return (hash) => BigInt.asIntN(64, hash)
  return (hash) => toHashBytes(hash, form.bytes)
}

/** Fields that no positional form has a place for, behind those that some have. */
const MAP_ONLY: readonly EventField[] = ['cache_salt', 'locality', 'ownership', 'session_id', 'mm_keys']

/** Writes one event as a value for msgpack. */
export function encodeEvent(event: KvEvent, form: EventForm): unknown {
  const values = form.values(event, form)
  const tag = tagOf(event)
  const order = orderOf(event, form.layout)
  if (form.shape === 'array') return [tag, ...order.map((name) => values[name] ?? null)]
  const map: Record<string, unknown> = { type: tag }
  for (const name of [...order, ...MAP_ONLY]) {
    const value = values[name] ?? null
    if (value !== null || (name in values && form.always.has(name))) map[name] = value
  }
  return map
}

/** The values that all engines write alike. */
export function commonValues(event: KvEvent, form: EventForm): Readonly<Partial<Record<EventField, unknown>>> {
  if (event.type === 'all-blocks-cleared') return { ownership: event.ownership }
  const shared = {
    medium: toMedium(event.tier),
    group_idx: event.groupIndex,
    locality: event.locality,
    ownership: event.ownership,
  }
  const block_hashes = event.blockHashes.map(form.hash)
  if (event.type === 'blocks-removed') return { block_hashes, ...shared }
  return {
    block_hashes,
    parent_block_hash: event.parentHash === undefined ? null : form.hash(event.parentHash),
    token_ids: Array.from(event.tokenIds),
    block_size: event.blockSize,
    lora_id: event.loraId,
    medium: shared.medium,
    lora_name: event.loraName,
    kv_cache_spec_kind: event.groupKind,
    kv_cache_spec_sliding_window: event.slidingWindow,
    session_id: event.sessionId,
    group_idx: shared.group_idx,
    locality: shared.locality,
    ownership: shared.ownership,
  }
}

function tagOf(event: KvEvent): string {
  if (event.type === 'blocks-stored') return 'BlockStored'
  return event.type === 'blocks-removed' ? 'BlockRemoved' : 'AllBlocksCleared'
}

function orderOf(event: KvEvent, layout: EventLayout): readonly EventField[] {
  if (event.type === 'blocks-stored') return layout.stored
  return event.type === 'blocks-removed' ? layout.removed : []
}
