import { decodeSglang } from '../../signals/kv-events/decode-sglang.ts'
import { decodeTensorrtLlm } from '../../signals/kv-events/decode-tensorrt-llm.ts'
import { decodeVllm } from '../../signals/kv-events/decode-vllm.ts'
import type { BlocksStored, DecodeBatch, KvEvent } from '../../signals/kv-events/kv-event.ts'
import type { SubscriberCounts } from '../../signals/kv-events/subscriber-options.ts'
import { KvEventSubscriber } from '../../signals/kv-events/subscriber.ts'
import type { KvEventForm } from '../kv/kv-event-options.ts'
import type { RunningEngine } from '../start-engine-server.ts'

/** What an engine's cache holds according to its events, as a router follows them. */
export interface FollowedBlocks extends Disposable {
  /** Copies by published hash. */
  readonly copies: ReadonlyMap<bigint, number>
  readonly events: readonly KvEvent[]
  readonly stores: readonly BlocksStored[]
  restarts(): number
  readonly losses: readonly string[]
  readonly problems: readonly string[]
  readonly ranks: ReadonlySet<number | undefined>
  counts(): Readonly<SubscriberCounts>
  /** Resolves when what the events say is what the rank's cache holds; rejects after some seconds. */
  agreed(engine: RunningEngine): Promise<void>
}

export function decoderOf(form: KvEventForm): DecodeBatch {
  if (form === 'tensorrt-llm') return decodeTensorrtLlm
  return form.startsWith('sglang') ? decodeSglang : decodeVllm
}

/** Follows one rank of a running engine over real sockets. */
export async function followBlocks(
  engine: RunningEngine,
  form: KvEventForm,
  { rank = 0, topic }: { readonly rank?: number; readonly topic?: string } = {},
): Promise<FollowedBlocks> {
  const source = engine.kvEventSources[rank]
  if (source === undefined) throw new Error(`the engine has no KV events of rank ${rank}`)
  const copies = new Map<bigint, number>()
  const events: KvEvent[] = []
  const losses: string[] = []
  const problems: string[] = []
  const ranks = new Set<number | undefined>()
  let restarts = 0
  const subscriber = await KvEventSubscriber.start(
    {
      endpoint: engine.url,
      address: source.endpoint,
      decode: decoderOf(form),
      ...(source.replay_endpoint === null ? {} : { replay: source.replay_endpoint }),
      ...(topic === undefined ? {} : { topic }),
      // A message that was lost at the end shows when it is asked for.
      silence: { serving: () => true, after: 0.2 },
    },
    {
      onBatch(batch) {
        ranks.add(batch.dataParallelRank)
        for (const event of batch.events) take(copies, event)
        events.push(...batch.events)
      },
      onRestarted() {
        restarts++
        copies.clear()
      },
      onLost({ reason }) {
        losses.push(reason)
        copies.clear()
      },
      onSilent: () => undefined,
      onProblem: ({ message }) => problems.push(message),
    },
  )
  return {
    copies,
    events,
    get stores() {
      return events.filter((event) => event.type === 'blocks-stored')
    },
    restarts: () => restarts,
    losses,
    problems,
    ranks,
    counts: () => subscriber.counts,
    agreed: (other) => eventually(() => disagreement(copies, other, rank, form)),
    [Symbol.dispose]: () => subscriber[Symbol.dispose](),
  }
}

/** Resolves when there is no objection any more; rejects with it after `seconds`. */
export async function eventually(objection: () => string | undefined, seconds = 6): Promise<void> {
  const until = performance.now() + seconds * 1000
  for (;;) {
    const found = objection()
    if (found === undefined) return
    if (performance.now() > until) throw new Error(found)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function take(copies: Map<bigint, number>, event: KvEvent): void {
  if (event.type === 'all-blocks-cleared') {
    copies.clear()
    return
  }
  const change = event.type === 'blocks-stored' ? 1 : -1
  for (const hash of event.blockHashes) {
    const count = (copies.get(hash) ?? 0) + change
    if (count === 0) copies.delete(hash)
    else copies.set(hash, count)
  }
}

/** vLLM reports every copy of a block, the others a block as long as there is one. */
function disagreement(
  copies: ReadonlyMap<bigint, number>,
  engine: RunningEngine,
  rank: number,
  form: KvEventForm,
): string | undefined {
  const held = new Map<bigint, number>()
  for (const hash of engine.cachedHashes(rank) ?? []) {
    const low = BigInt.asUintN(64, hash)
    held.set(low, form.startsWith('vllm') ? (held.get(low) ?? 0) + 1 : 1)
  }
  const all = new Set([...held.keys(), ...copies.keys()])
  const wrong = [...all].filter((hash) => held.get(hash) !== copies.get(hash))
  if (wrong.length === 0) return undefined
  return `of ${held.size} blocks in the cache and ${copies.size} by its events, ${wrong.length} differ`
}
