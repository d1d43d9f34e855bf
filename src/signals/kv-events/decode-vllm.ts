import { createBatchDecoder } from './decode-batch.ts'
import { VLLM_LAYOUT } from './event-layout.ts'
import type { DecodeBatch } from './kv-event.ts'

/** Decodes a message of vLLM: events as positional lists (until mid 2026) or as maps, with any set of fields. */
export const decodeVllm: DecodeBatch = createBatchDecoder(VLLM_LAYOUT)
