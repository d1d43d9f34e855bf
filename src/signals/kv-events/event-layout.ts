/** The fields of events, by their names in the map form. */
export type EventField =
  | 'block_hashes'
  | 'parent_block_hash'
  | 'token_ids'
  | 'block_size'
  | 'lora_id'
  | 'medium'
  | 'lora_name'
  | 'extra_keys'
  | 'group_idx'
  | 'kv_cache_spec_kind'
  | 'kv_cache_spec_sliding_window'
  | 'cache_salt'
  | 'session_id'
  | 'locality'
  | 'ownership'
  | 'mm_keys'

/** The order of an engine's fields in the positional form, behind the tag. A field that is not listed has no place. */
export interface EventLayout {
  readonly stored: readonly EventField[]
  readonly removed: readonly EventField[]
}

/** vLLM: engines write as many leading fields as their version knows. */
export const VLLM_LAYOUT: EventLayout = {
  stored: [
    'block_hashes',
    'parent_block_hash',
    'token_ids',
    'block_size',
    'lora_id',
    'medium',
    'lora_name',
    'extra_keys',
    'group_idx',
    'kv_cache_spec_kind',
    'kv_cache_spec_sliding_window',
  ],
  removed: ['block_hashes', 'medium', 'group_idx'],
}

/** SGLang: the same start, and its own salt and session behind it. */
export const SGLANG_LAYOUT: EventLayout = {
  stored: [
    'block_hashes',
    'parent_block_hash',
    'token_ids',
    'block_size',
    'lora_id',
    'medium',
    'cache_salt',
    'session_id',
  ],
  removed: ['block_hashes', 'medium'],
}
