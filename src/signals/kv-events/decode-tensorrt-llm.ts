import { createBatchDecoder } from './decode-batch.ts'
import { decodePulledEvent, type PullOptions } from './decode-pulled-event.ts'
import { describeValue } from './describe-value.ts'
import { VLLM_LAYOUT } from './event-layout.ts'
import { parseExactJson } from './exact-json.ts'
import type { DecodeBatch, KvEventBatch } from './kv-event.ts'

/** Decodes a message that TensorRT-LLM pushes: vLLM's maps, with `mm_keys` and `locality`. */
export const decodeTensorrtLlm: DecodeBatch = createBatchDecoder(VLLM_LAYOUT)

/** The batches of one answer, or in words what was found instead of a list of events. */
export type PulledBatches =
  | { readonly ok: true; readonly batches: readonly KvEventBatch[] }
  | { readonly ok: false; readonly found: string }

/**
 * Decodes an answer of `POST /kv_cache_events`: JSON whose 64-bit hashes keep all bits. Each entry becomes a batch with
 * its `event_id` as number, so a gap in the numbers is a loss and a return to 0 a restart, as with pushed messages.
 * Never throws.
 */
export function decodeTensorrtLlmPull(text: string, options: PullOptions = {}): PulledBatches {
  let value: unknown
  try {
    value = parseExactJson(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ok: false, found: `${describeValue(text)}, which is not JSON: ${why}` }
  }
  if (!Array.isArray(value)) return { ok: false, found: describeValue(value) }
  const entries: readonly unknown[] = value
  return { ok: true, batches: entries.map((entry) => decodePulledEvent(entry, options)) }
}
