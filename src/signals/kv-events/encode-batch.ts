import { Encoder } from '@msgpack/msgpack'
import { encodeEvent, type EventForm } from './encode-event.ts'
import type { KvEvent } from './kv-event.ts'

/** What a message holds. Its number is no part of the payload. */
export interface OutgoingBatch {
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly events: readonly KvEvent[]
  readonly dataParallelRank?: number | undefined
}

const encoder = new Encoder({ useBigInt64: true })

/** Writes the message `[ts, events, rank]`. */
export function encodeBatch(batch: OutgoingBatch, form: EventForm): Uint8Array {
  const events = batch.events.map((event) => encodeEvent(event, form))
  return encoder.encode([batch.timestamp, events, batch.dataParallelRank ?? null])
}
