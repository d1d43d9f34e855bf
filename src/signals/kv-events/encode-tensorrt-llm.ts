import { low64 } from './block-hash.ts'
import { encodeBatch, type OutgoingBatch } from './encode-batch.ts'
import { commonValues, type EventForm, hashWriter } from './encode-event.ts'
import { type EventField, VLLM_LAYOUT } from './event-layout.ts'
import { writeExactJson } from './exact-json.ts'
import type { BlocksStored, CacheTier, KvEvent } from './kv-event.ts'
import { writeMultimodalKeys } from './multimodal-keys.ts'

const ALWAYS: ReadonlySet<EventField> = new Set<EventField>(['parent_block_hash', 'lora_id', 'medium', 'lora_name'])
const LEVELS: Readonly<Record<CacheTier, number>> = { gpu: 0, cpu: 1, disk: 2, remote: 2 }

/** An encoder of the messages that TensorRT-LLM pushes. Its events have no owner, session or salt. */
export function createTensorrtLlmEncoder(): (batch: OutgoingBatch) => Uint8Array {
  const form: EventForm = {
    shape: 'map',
    layout: VLLM_LAYOUT,
    always: ALWAYS,
    hash: hashWriter('unsigned'),
    values: (event, self) => {
      const values: Partial<Record<EventField, unknown>> = { ...commonValues(event, self) }
      delete values.ownership
      delete values.session_id
      if (event.type === 'blocks-stored' && event.extraKeys) values.mm_keys = writeMultimodalKeys(event.extraKeys)
      return values
    },
  }
  return (batch) => encodeBatch(batch, form)
}

/**
 * The answer of `POST /kv_cache_events` for these events, numbered from `firstId`. There is no event for a cleared
 * cache: a restarted engine begins again at number 0 with a `created` event, which is written for it.
 */
export function encodeTensorrtLlmPull(events: readonly KvEvent[], firstId: number, rank?: number): string {
  return writeExactJson(
    events.map((event, at) => ({
      event_id: firstId + at,
      data: pulled(event),
      ...(event.type === 'all-blocks-cleared' || event.groupIndex === undefined
        ? {}
        : { window_size: event.groupIndex }),
      ...(rank === undefined ? {} : { attention_dp_rank: rank }),
    })),
  )
}

function pulled(event: KvEvent): unknown {
  if (event.type === 'all-blocks-cleared') return { type: 'created', num_blocks_per_cache_level: [0, 0] }
  if (event.type === 'blocks-removed') return { type: 'removed', block_hashes: event.blockHashes.map(low64) }
  return {
    type: 'stored',
    parent_hash: event.parentHash === undefined ? null : low64(event.parentHash),
    blocks: event.blockHashes.map((hash, at) => pulledBlock(event, hash, at)),
  }
}

function pulledBlock(event: BlocksStored, hash: bigint, at: number): unknown {
  const tokens = event.tokenIds.subarray(at * event.blockSize, (at + 1) * event.blockSize)
  return {
    type: 'stored_block',
    block_hash: low64(hash),
    tokens: Array.from(tokens, (token) => ({ type: 'unique_token', token_id: token, token_extra_id: 0 })),
    cache_level: LEVELS[event.tier],
    priority: 35,
    mm_keys: writeMultimodalKeys([event.extraKeys?.[at] ?? []])[0],
    cache_salt: event.cacheSalt ?? null,
  }
}
