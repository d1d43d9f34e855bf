import type { StreamCounts } from './event-stream.ts'
import type { DecodeBatch } from './kv-event.ts'
import type { ReplaySlots } from './replay-slots.ts'
import type { ReplayLimits } from './request-replay.ts'
import type { SilenceOptions } from './silence-watch.ts'
import type { Heartbeat } from './zeromq-socket.ts'

/** What a subscriber follows, and how. */
export interface SubscriberOptions {
  /** The endpoint's name, for messages. */
  readonly endpoint: string
  /** The publisher's address, `tcp://10.0.0.7:5557`; with `bind` where to wait for publishers, `tcp://*:5557`. */
  readonly address: string
  /** True when publishers dial in; each of their topics is a stream of its own unless `replay` is given. */
  readonly bind?: boolean
  /** Address of the publisher's replay socket. Without it a gap means that everything known must be forgotten. */
  readonly replay?: string
  /** Data-parallel rank, which moves both ports. */
  readonly rank?: number
  /** Beginning of the topics to receive; empty for all. */
  readonly topic?: string
  /** How messages are decoded: `decodeVllm`, `decodeSglang` or `decodeTensorrtLlm`. */
  readonly decode: DecodeBatch
  readonly silence?: SilenceOptions
  readonly heartbeat?: Heartbeat
  readonly replayLimits?: Partial<ReplayLimits>
  /** Shared by the subscribers of a program, so that not all replay at once. */
  readonly replaySlots?: ReplaySlots
  readonly signal?: AbortSignal
}

/** What a subscriber has seen. */
export interface SubscriberCounts extends StreamCounts {
  /** Live messages of any kind. */
  messages: number
  /** Live messages that are not those of KV events. */
  garbage: number
  /** Batches whose payload could not be decoded. */
  undecodable: number
  /** Events left out of batches. */
  skipped: number
}
