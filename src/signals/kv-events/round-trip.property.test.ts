import fc from 'fast-check'
import { deepStrictEqual } from 'node:assert/strict'
import { expect, test } from 'vitest'
import { decodeSglang } from './decode-sglang.ts'
import { decodeTensorrtLlm, decodeTensorrtLlmPull } from './decode-tensorrt-llm.ts'
import { decodeVllm } from './decode-vllm.ts'
import type { OutgoingBatch } from './encode-batch.ts'
import { createSglangEncoder } from './encode-sglang.ts'
import { createTensorrtLlmEncoder, encodeTensorrtLlmPull } from './encode-tensorrt-llm.ts'
import { createVllmEncoder } from './encode-vllm.ts'
import type { DecodeBatch, KvEvent } from './kv-event.ts'
import { ALL_FIELDS, arbitraryEvent, type EventFields } from './testing/arbitrary-event.ts'

const POSITIONAL: EventFields = { ...ALL_FIELDS, session: false, locality: false, ownership: false }
const SGLANG: EventFields = { ...POSITIONAL, lora: false, images: false, group: false, groupKind: false, session: true }
const OLDEST: EventFields = { ...SGLANG, tiers: ['gpu'], salt: false, session: false }
const TENSORRT_LLM: EventFields = { ...ALL_FIELDS, salt: false, otherKeys: false, session: false, ownership: false }

const cases: readonly [string, EventFields, (batch: OutgoingBatch) => Uint8Array, DecodeBatch][] = [
  ['vLLM, maps', ALL_FIELDS, createVllmEncoder(), decodeVllm],
  [
    'vLLM, maps, whole digests',
    { ...ALL_FIELDS, hashBits: 256 },
    createVllmEncoder({ hash: { bytes: 32 } }),
    decodeVllm,
  ],
  ['vLLM, positional', POSITIONAL, createVllmEncoder({ shape: 'array' }), decodeVllm],
  [
    'vLLM, positional, 16 bytes of digest',
    { ...POSITIONAL, hashBits: 128 },
    createVllmEncoder({ shape: 'array', hash: { bytes: 16 } }),
    decodeVllm,
  ],
  [
    'vLLM, positional, groups',
    { ...POSITIONAL, groupKind: false },
    createVllmEncoder({ shape: 'array', fields: 9 }),
    decodeVllm,
  ],
  ['vLLM, positional, oldest', OLDEST, createVllmEncoder({ shape: 'array', fields: 5 }), decodeVllm],
  ['SGLang, maps', SGLANG, createSglangEncoder(), decodeSglang],
  ['SGLang, positional', SGLANG, createSglangEncoder({ shape: 'array' }), decodeSglang],
  ['SGLang, positional, oldest', OLDEST, createSglangEncoder({ shape: 'array', fields: 5 }), decodeSglang],
  ['TensorRT-LLM, pushed', TENSORRT_LLM, createTensorrtLlmEncoder(), decodeTensorrtLlm],
]

test.each(cases)('%s: what is written is read again', (_name, fields, encode, decode) => {
  const batch = fc.record(
    {
      timestamp: fc.double({ min: 0, max: 4e9, noNaN: true }),
      events: fc.array(arbitraryEvent(fields), { maxLength: 3 }),
      dataParallelRank: fc.option(fc.nat(64), { nil: undefined }),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(batch, fc.nat(), (outgoing, seq) => {
      const decoded = decode(encode(outgoing), seq)
      const events = decode === decodeVllm ? outgoing.events.map(normal) : outgoing.events
      deepStrictEqual(decoded, { ok: true, batch: { ...outgoing, events, seq, skipped: [] } })
    }),
    { numRuns: 60 },
  )
})

/** In vLLM's messages a salt opens a list of extra keys where there was none. */
function normal(event: KvEvent): KvEvent {
  if (event.type !== 'blocks-stored' || event.cacheSalt === undefined || event.extraKeys !== undefined) return event
  return { ...event, extraKeys: event.blockHashes.map(() => []) }
}

test('TensorRT-LLM, pulled: what is written is read again, hashes to the last bit', () => {
  const fields: EventFields = {
    ...TENSORRT_LLM,
    tiers: ['gpu', 'cpu', 'disk'],
    salt: true,
    lora: false,
    groupKind: false,
    locality: false,
  }
  fc.assert(
    fc.property(fc.array(arbitraryEvent(fields), { maxLength: 3 }), fc.nat(64), (events, rank) => {
      const decoded = decodeTensorrtLlmPull(encodeTensorrtLlmPull(events, 7, rank))
      if (!decoded.ok) throw new Error(decoded.found)
      expect(decoded.batches.map(({ seq }) => seq)).toEqual(events.map((_, at) => 7 + at))
      decoded.batches.forEach((batch, at) => {
        expect(batch).toMatchObject({ dataParallelRank: rank, skipped: [] })
        deepStrictEqual(batch.events, pulled(events[at]!))
      })
    }),
    { numRuns: 60 },
  )
})

/** What pulling can say of an event. */
function pulled(event: KvEvent): readonly KvEvent[] {
  if (event.type === 'all-blocks-cleared') return []
  if (event.type === 'blocks-removed') return (['gpu', 'cpu', 'disk'] as const).map((tier) => ({ ...event, tier }))
  const hasKeys = event.extraKeys?.some((keys) => keys.length > 0) ?? false
  return [{ ...event, extraKeys: hasKeys ? event.extraKeys : undefined }]
}
