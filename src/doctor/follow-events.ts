import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import { decodeSglang } from '../signals/kv-events/decode-sglang.ts'
import { decodeTensorrtLlm } from '../signals/kv-events/decode-tensorrt-llm.ts'
import { decodeVllm } from '../signals/kv-events/decode-vllm.ts'
import type { BlocksStored, DecodeBatch } from '../signals/kv-events/kv-event.ts'
import type { KvEventFollower } from '../signals/kv-events/kv-event-follower.ts'
import type { KvEventHandlers } from '../signals/kv-events/kv-event-handlers.ts'
import { KvEventPuller } from '../signals/kv-events/puller.ts'
import { requestReplay, type ReplayEnd } from '../signals/kv-events/request-replay.ts'
import { KvEventSubscriber } from '../signals/kv-events/subscriber.ts'
import { loadZeromq } from '../signals/kv-events/zeromq-socket.ts'
import { describeError } from './describe-error.ts'
import { isPulled } from './kv-event-source.ts'

/** After the connection a publisher takes a moment to know that somebody listens, in ms. */
const SUBSCRIBED_MS = 300
const STEP_MS = 20

/** What was heard on a stream of KV events. */
export interface HeardEvents {
  readonly connected: boolean
  readonly batches: number
  readonly stored: number
  readonly removed: number
  /** The first stored blocks that name their tokens. */
  readonly firstStored: BlocksStored | undefined
  /** ms from the prompt to its first event. */
  readonly afterMs: number | undefined
  /** Seconds by which the publisher's clock is ahead of ours, by the first batch. */
  readonly skewSeconds: number | undefined
  readonly garbage: number
  readonly undecodable: number
  readonly skipped: number
  /** What the subscriber found wrong. */
  readonly problems: readonly string[]
  /** Why the prompt could not be sent. */
  readonly promptFailed: string | undefined
}

export interface FollowOptions {
  /** Where they are published; `pull` fetches them from the endpoint. */
  readonly address: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Tokens of a full block, where they are known. */
  readonly blockSize: number | undefined
  readonly engine: EngineName | undefined
  /** Seconds to wait for the connection, and for events after the prompt. */
  readonly timeout: number
  /** Makes the engine publish; undefined only listens. */
  readonly prompt: (() => Promise<void>) | undefined
}

/**
 * Follows a publisher, or fetches events, for a while. Rejects when the address makes no sense or ZeroMQ cannot be loaded.
 */
export async function followEvents(options: FollowOptions): Promise<HeardEvents> {
  const { timeout, prompt } = options
  const heard = { batches: 0, stored: 0, removed: 0 }
  const problems: string[] = []
  let firstStored: BlocksStored | undefined
  let sentAt = performance.now()
  let afterMs: number | undefined
  let skewSeconds: number | undefined
  // What is fetched first was there before.
  let counts = !isPulled(options)
  using follower = await startFollowing(options, {
    onBatch({ events, timestamp }) {
      if (!counts) return
      heard.batches++
      afterMs ??= performance.now() - sentAt
      if (timestamp !== undefined) skewSeconds ??= timestamp - Date.now() / 1000
      for (const event of events) {
        if (event.type === 'blocks-stored') heard.stored += event.blockHashes.length
        if (event.type === 'blocks-removed') heard.removed += event.blockHashes.length
        if (event.type === 'blocks-stored' && event.tokenIds.length > 0) firstStored ??= event
      }
    },
    onRestarted: () => {},
    onLost: () => {},
    onProblem: ({ message }) => problems.push(message),
  })
  await until(() => follower.connected || problems.length > 0, timeout)
  const { connected } = follower
  let promptFailed: string | undefined
  if (connected) {
    await sleep(SUBSCRIBED_MS)
    sentAt = performance.now()
    counts = true
    await prompt?.().catch((error: unknown) => (promptFailed = describeError(error)))
    await until(() => firstStored !== undefined || problems.length > 0, timeout)
    // What belongs to the same prompt comes right behind.
    await sleep(SUBSCRIBED_MS)
  }
  const { garbage, undecodable, skipped } = follower.counts
  return {
    ...heard,
    garbage,
    undecodable,
    skipped,
    connected,
    firstStored,
    afterMs,
    skewSeconds,
    problems,
    promptFailed,
  }
}

async function startFollowing(
  { address, url, headers, blockSize, engine, timeout }: FollowOptions,
  handlers: KvEventHandlers,
): Promise<KvEventFollower> {
  const endpoint = 'doctor'
  return isPulled({ address })
    ? new KvEventPuller({ endpoint, url, headers, timeout, blockTokens: () => blockSize, busy: () => true }, handlers)
    : await KvEventSubscriber.start({ endpoint, address, decode: decoderOf(engine) }, handlers)
}

/** What a replay socket answered. */
export interface HeardReplay {
  readonly end: ReplayEnd
  readonly messages: number
  /** Number of the oldest message it still has. */
  readonly first: number | undefined
}

/** Asks for everything from the first message on. Rejects when the address makes no sense. */
export async function askReplay(address: string, timeout: number): Promise<HeardReplay> {
  let messages = 0
  let first: number | undefined
  const limits = { idle: timeout, total: timeout, cooldown: 0 }
  const request = { address, from: 0, limits, signal: new AbortController().signal }
  const end = await requestReplay(await loadZeromq(), request, ({ seq }) => {
    messages++
    first ??= seq
    return true
  })
  return { end, messages, first }
}

function decoderOf(engine: EngineName | undefined): DecodeBatch {
  if (engine === 'sglang') return decodeSglang
  return engine === 'tensorrt-llm' ? decodeTensorrtLlm : decodeVllm
}

async function until(done: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!done() && performance.now() < end) await sleep(STEP_MS)
}
