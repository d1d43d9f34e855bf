import { Decoder } from '@msgpack/msgpack'
import { decodeEvent } from './decode-event.ts'
import { describeBytes, describeValue } from './describe-value.ts'
import type { EventLayout } from './event-layout.ts'
import type { DecodeBatch, DecodedBatch, KvEvent, SkippedEvents, SkipReason } from './kv-event.ts'

/** Below this many bytes all messages share a decoder. */
const SMALLEST_SHIFT = 12

/**
 * A decoder of messages whose events have this layout. The batch is `[ts, events, rank]`, or a map of those names. One
 * bad event is left out and counted; the others stay.
 */
export function createBatchDecoder(layout: EventLayout): DecodeBatch {
  const decoders: Decoder[] = []

  /** Each element of a list takes a byte, so a longer list than the message is a lie, and nothing is allocated for it. */
  function decoderFor(length: number): Decoder {
    const shift = Math.max(SMALLEST_SHIFT, 32 - Math.clz32(length))
    const most = 2 ** shift
    decoders[shift] ??= new Decoder({
      useBigInt64: true,
      maxArrayLength: most,
      maxMapLength: most,
      mapKeyConverter: (key) => (typeof key === 'string' ? key : `(${typeof key})`),
    })
    return decoders[shift]
  }

  return (payload, seq) => {
    let value: unknown
    try {
      value = decoderFor(payload.length).decode(payload)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { ok: false, found: `${describeBytes(payload)}, which is not msgpack: ${why}` }
    }
    return readBatch(value, layout, seq)
  }
}

function readBatch(value: unknown, layout: EventLayout, seq: number | undefined): DecodedBatch {
  const parts = readEnvelope(value)
  if (parts === undefined) return { ok: false, found: describeValue(value) }
  const events: KvEvent[] = []
  const skipped = new Map<SkipReason, SkippedEvents>()
  for (const raw of parts.events) {
    const event = decodeEvent(raw, layout)
    if ('type' in event) events.push(event)
    else addSkip(skipped, event.skip, event.found)
  }
  const { timestamp, dataParallelRank } = parts
  return { ok: true, batch: { seq, timestamp, dataParallelRank, events, skipped: [...skipped.values()] } }
}

/** Counts a skipped event under its reason. */
export function addSkip(skipped: Map<SkipReason, SkippedEvents>, reason: SkipReason, example: string): void {
  const before = skipped.get(reason)
  skipped.set(reason, { reason, count: 1 + (before?.count ?? 0), example: before?.example ?? example })
}

interface Envelope {
  readonly timestamp: number | undefined
  readonly events: readonly unknown[]
  readonly dataParallelRank: number | undefined
}

function readEnvelope(value: unknown): Envelope | undefined {
  if (Array.isArray(value)) return toEnvelope(value[0], value[1], value[2])
  if (value === null || typeof value !== 'object') return undefined
  const map: Readonly<Partial<Record<string, unknown>>> = { ...value }
  return toEnvelope(map['ts'], map['events'], map['data_parallel_rank'])
}

function toEnvelope(ts: unknown, events: unknown, rank: unknown): Envelope | undefined {
  if (!Array.isArray(events) || (typeof ts !== 'number' && typeof ts !== 'bigint')) return undefined
  const dataParallelRank = typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 ? rank : undefined
  return { timestamp: Number(ts), events, dataParallelRank }
}
