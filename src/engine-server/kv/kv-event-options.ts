import { createSglangEncoder } from '../../signals/kv-events/encode-sglang.ts'
import { createTensorrtLlmEncoder } from '../../signals/kv-events/encode-tensorrt-llm.ts'
import { createVllmEncoder } from '../../signals/kv-events/encode-vllm.ts'
import type { OutgoingBatch } from '../../signals/kv-events/encode-batch.ts'
import type { VllmHashAlgorithm } from '../../signals/kv-events/vllm-hash.ts'
import type { HashChain } from './hash-chain.ts'
import { sglangChain, vllmChain } from './hash-chain.ts'

/** In whose form KV events are written; with `-array` as before the maps of 2026. */
export const KV_EVENT_FORMS = ['vllm', 'vllm-array', 'sglang', 'sglang-array', 'tensorrt-llm'] as const

export type KvEventForm = (typeof KV_EVENT_FORMS)[number]

/** Whether and how an engine publishes what is in its cache. */
export interface KvEventOptions {
  readonly form: KvEventForm
  /** Port of rank 0; rank r publishes at `port + r`; 0 takes any free one for each. Default 0. */
  readonly port?: number
  /** Port at which rank 0 answers requests for replay, counted like `port`; no replay without it. */
  readonly replayPort?: number
  /** Frames of a replay's answer; the form's own by default. */
  readonly replayFrames?: 3 | 4
  readonly topic?: string
  /** Messages kept for replay; 10,000 by default. */
  readonly buffer?: number
  /** How vLLM's hashes are made; `sha256_cbor` by default. */
  readonly hash?: VllmHashAlgorithm
  /** vLLM's `PYTHONHASHSEED`; that of an engine without one by default. */
  readonly hashSeed?: string
}

/** What the form decides. */
export interface KvEventDialect {
  readonly encode: (batch: OutgoingBatch) => Uint8Array
  readonly chain: HashChain
  readonly copies: 'each' | 'first'
  readonly replayFrames: 3 | 4
}

export function kvEventDialect({ form, hash, hashSeed, replayFrames }: KvEventOptions): KvEventDialect {
  switch (form) {
    case 'sglang':
    case 'sglang-array':
      return {
        encode: createSglangEncoder({ shape: form === 'sglang' ? 'map' : 'array' }),
        chain: sglangChain(),
        copies: 'first',
        replayFrames: replayFrames ?? 3,
      }
    case 'tensorrt-llm':
      return {
        encode: createTensorrtLlmEncoder(),
        chain: vllmChain(hash, hashSeed),
        copies: 'first',
        replayFrames: replayFrames ?? 4,
      }
    case 'vllm':
    case 'vllm-array':
      return {
        encode: createVllmEncoder({ shape: form === 'vllm' ? 'map' : 'array' }),
        chain: vllmChain(hash, hashSeed),
        copies: 'each',
        replayFrames: replayFrames ?? (form === 'vllm' ? 4 : 3),
      }
  }
}
