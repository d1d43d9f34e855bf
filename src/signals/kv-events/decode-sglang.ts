import { createBatchDecoder } from './decode-batch.ts'
import { SGLANG_LAYOUT } from './event-layout.ts'
import type { DecodeBatch } from './kv-event.ts'

/**
 * Decodes a message of SGLang: events as positional lists or (since September 2026) as maps. Its signed hashes become
 * the unsigned numbers of `BlockHash`; of token pairs, which draft-model speculation sends, the first token stays.
 */
export const decodeSglang: DecodeBatch = createBatchDecoder(SGLANG_LAYOUT)
