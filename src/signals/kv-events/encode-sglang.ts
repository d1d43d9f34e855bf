import { encodeBatch, type OutgoingBatch } from './encode-batch.ts'
import { commonValues, type EventForm, hashWriter } from './encode-event.ts'
import { type EventField, SGLANG_LAYOUT } from './event-layout.ts'

export interface SglangEncoding {
  /** `map` since September 2026. */
  readonly shape?: 'map' | 'array'
  /** How many fields of a positional `BlockStored` this version knows behind the tag, 5 to 8. */
  readonly fields?: number
}

const ALWAYS: ReadonlySet<EventField> = new Set<EventField>(['parent_block_hash', 'lora_id'])
/** SGLang knows no adapter's name, no groups and no extra keys. */
const ABSENT: readonly EventField[] = [
  'lora_name',
  'group_idx',
  'kv_cache_spec_kind',
  'kv_cache_spec_sliding_window',
  'locality',
  'ownership',
]
const MEDIUM_SINCE = 6

/** An encoder of messages as SGLang writes them: signed hashes, the cache salt as a field of its own. */
export function createSglangEncoder(encoding: SglangEncoding = {}): (batch: OutgoingBatch) => Uint8Array {
  const fields = encoding.fields ?? SGLANG_LAYOUT.stored.length
  const form: EventForm = {
    shape: encoding.shape ?? 'map',
    layout: {
      stored: SGLANG_LAYOUT.stored.slice(0, fields),
      removed: SGLANG_LAYOUT.removed.slice(0, fields >= MEDIUM_SINCE ? 2 : 1),
    },
    always: ALWAYS,
    hash: hashWriter('signed'),
    values: (event, self) => {
      const values: Partial<Record<EventField, unknown>> = { ...commonValues(event, self) }
      for (const name of ABSENT) delete values[name]
      if (event.type === 'blocks-stored') values.cache_salt = event.cacheSalt
      return values
    },
  }
  return (batch) => encodeBatch(batch, form)
}
