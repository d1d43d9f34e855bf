import { encodeBatch, type OutgoingBatch } from './encode-batch.ts'
import { commonValues, type EventForm, type HashForm, hashWriter } from './encode-event.ts'
import { type EventField, VLLM_LAYOUT } from './event-layout.ts'
import { writeExtraKeys } from './extra-keys.ts'

export interface VllmEncoding {
  /** `map` since June 2026. Positional events have no place for locality, ownership and session. */
  readonly shape?: 'map' | 'array'
  /** How many fields of a positional `BlockStored` this version knows behind the tag, 5 to 11. */
  readonly fields?: number
  /** Whole digests are published when `VLLM_KV_EVENTS_USE_INT_BLOCK_HASHES` is off. */
  readonly hash?: Exclude<HashForm, 'signed'>
}

const ALWAYS: ReadonlySet<EventField> = new Set<EventField>(['parent_block_hash', 'lora_id', 'medium', 'lora_name'])
/** Fields of a removal by how many a store has: the medium came as the 6th, the group as the 9th. */
const MEDIUM_SINCE = 6
const GROUP_SINCE = 9

/**
 * An encoder of messages as vLLM writes them. The cache salt and the adapter stand in `extra_keys` where the batch has
 * any; a salt without them opens such a list.
 */
export function createVllmEncoder(encoding: VllmEncoding = {}): (batch: OutgoingBatch) => Uint8Array {
  const fields = encoding.fields ?? VLLM_LAYOUT.stored.length
  const removed = fields >= GROUP_SINCE ? 3 : fields >= MEDIUM_SINCE ? 2 : 1
  const form: EventForm = {
    shape: encoding.shape ?? 'map',
    layout: { stored: VLLM_LAYOUT.stored.slice(0, fields), removed: VLLM_LAYOUT.removed.slice(0, removed) },
    always: ALWAYS,
    hash: hashWriter(encoding.hash ?? 'unsigned'),
    values: (event, self) => {
      const common = commonValues(event, self)
      if (event.type !== 'blocks-stored') return common
      const perBlock = event.extraKeys ?? (event.cacheSalt === undefined ? undefined : event.blockHashes.map(() => []))
      return { ...common, extra_keys: perBlock && writeExtraKeys(perBlock, event.loraName, event.cacheSalt) }
    },
  }
  return (batch) => encodeBatch(batch, form)
}
