import type { EndpointState } from '../core/endpoint-state.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import type { CombinedIndex } from '../prefix/combined-index.ts'
import { PromptKeys } from '../prefix/prompt-keys.ts'
import { decodeSglang } from '../signals/kv-events/decode-sglang.ts'
import { decodeTensorrtLlm } from '../signals/kv-events/decode-tensorrt-llm.ts'
import { decodeVllm } from '../signals/kv-events/decode-vllm.ts'
import type { KvEventFollower } from '../signals/kv-events/kv-event-follower.ts'
import type { KvEventHandlers, Loss } from '../signals/kv-events/kv-event-handlers.ts'
import type { DecodeBatch, KvEvent, KvEventBatch } from '../signals/kv-events/kv-event.ts'
import { KvEventPuller } from '../signals/kv-events/puller.ts'
import type { ReplaySlots } from '../signals/kv-events/replay-slots.ts'
import { KvEventSubscriber } from '../signals/kv-events/subscriber.ts'
import type { SubscriberCounts } from '../signals/kv-events/subscriber-options.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import { EventTrust, type Trust } from './event-trust.ts'
import { ChangeNotices } from './change-notices.ts'
import type { KvEventsPlan, PullTarget } from './kv-events-plan.ts'

export interface FeedHost extends Pick<ProgramLog, 'logger'> {
  readonly index: CombinedIndex
  /** Shared by all endpoints, so that not all replay at once. */
  readonly replaySlots: ReplaySlots
  /** Tokens in a block of the endpoint, as its metrics tell. */
  blockTokens(): number | undefined
}

const DECODERS: Readonly<Partial<Record<EngineName, DecodeBatch>>> = {
  sglang: decodeSglang,
  'tensorrt-llm': decodeTensorrtLlm,
}
/** Milliseconds after a loss that a replay could not repair, until all of the history is asked for. */
const REPLAY_AGAIN = 30_000

/** Brings one endpoint's KV events into the index, and says whether they are relied on. */
export class KvEventFeed implements Disposable {
  readonly #endpoint: EndpointState
  readonly #plan: KvEventsPlan
  readonly #host: FeedHost
  readonly #trust: EventTrust
  readonly #abort = new AbortController()
  readonly #topics = new Set<string>()
  readonly #notices: ChangeNotices<Trust>
  /** Kinds of problems that were told, whatever the subscription. */
  readonly #told = new Set<string>()
  #begunAt = 0
  /** True from the first connection on. */
  #met = false
  /** True while all of the history is asked for once more, until something came of it. */
  #rereading = false
  /** As the engine's metrics tell. */
  #ranks = 1
  #engine: EngineName | undefined
  #begun = false
  #follower: KvEventFollower | undefined
  #again: NodeJS.Timeout | undefined
  #audited = { confirmed: 0, missing: 0 }

  constructor(endpoint: EndpointState, plan: KvEventsPlan, host: FeedHost) {
    this.#endpoint = endpoint
    this.#plan = plan
    this.#host = host
    this.#trust = new EventTrust((trust) => this.#trustChanged(trust))
    this.#notices = new ChangeNotices(this.#trust.current.reason, (trust) => this.#tell(trust))
    this.#audited = host.index.audit(endpoint.slot)
  }

  get trust(): Trust {
    return this.#trust.current
  }

  /** What came, once somebody follows. */
  get counts(): Readonly<SubscriberCounts> | undefined {
    return this.#follower?.counts
  }

  get connected(): boolean {
    return this.#follower?.connected ?? false
  }

  /** Begins to follow, now that it is known whose events they are; undefined for an engine that nobody knows. */
  begin(engine: EngineName | undefined): void {
    this.#engine = engine
    if (this.#begun || this.#abort.signal.aborted) return
    this.#begun = true
    this.#begunAt = performance.now()
    this.#follow()
  }

  /** Data-parallel ranks behind the endpoint. */
  ranks(count: number): void {
    this.#ranks = count
    this.#trust.publishers(Math.max(count, this.#topics.size), this.#speaker() !== 'tensorrt-llm')
  }

  /** Why the tokens that prompts are looked up by are not those of this endpoint; undefined when they are. */
  otherTokens(why: string | undefined): void {
    this.#trust.otherTokens(why)
  }

  /**
   * The endpoint was away and is back. Where the history can be asked for, the stream itself tells whether it was
   * restarted, and so do the numbers of events that are fetched; otherwise nothing is known of it any more.
   */
  returned(): void {
    const { index } = this.#host
    if (this.#plan.replay !== undefined || this.#plan.pulled !== undefined) {
      index.predicted.clear(this.#endpoint.slot)
      return
    }
    index.clear(this.#endpoint.slot)
    this.#trust.restarted()
  }

  /** A request was served: whether its blocks were reported shows whether events can be relied on. */
  served({ blocks }: SchedulingRequest): void {
    this.#missPublisher()
    const { index } = this.#host
    const { slot } = this.#endpoint
    const keys = blocks instanceof PromptKeys ? blocks.over(index.exact.blockTokens(slot)) : undefined
    if (keys === undefined || keys.count === 0) return
    if (!this.trust.exact) {
      this.#trust.prompt(index.exact.depth(slot, keys) >= keys.count)
      return
    }
    const { confirmed, missing } = index.audit(slot)
    for (let i = this.#audited.confirmed; i < confirmed; i++) this.#trust.prompt(true)
    for (let i = this.#audited.missing; i < missing; i++) this.#trust.prompt(false)
    this.#audited = { confirmed, missing }
  }

  /** Ends the subscription; the endpoint is in the index still. */
  [Symbol.dispose](): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    clearTimeout(this.#again)
    this.#notices[Symbol.dispose]()
    this.#follower?.[Symbol.dispose]()
    this.#host.index.setMode(this.#endpoint.slot, 'predicted')
    this.#host.index.exact.clear(this.#endpoint.slot)
  }

  #follow(): void {
    const { pulled } = this.#plan
    if (pulled === undefined) void this.#subscribe()
    else this.#follower = this.#pull(pulled)
  }

  #pull({ url, headers }: PullTarget): KvEventPuller {
    const { rank, silentAfter } = this.#plan
    const { signals, id } = this.#endpoint
    const busy = (): boolean => signals.inFlight > 0
    return new KvEventPuller(
      {
        endpoint: id,
        url,
        headers,
        ...(rank === undefined ? {} : { rank }),
        blockTokens: () => this.#host.blockTokens(),
        busy,
        silence: { after: silentAfter, serving: busy },
        signal: this.#abort.signal,
      },
      this.#handlers(),
    )
  }

  async #subscribe(): Promise<void> {
    const { address, bind, replay, rank, topic, silentAfter } = this.#plan
    const { signals, id } = this.#endpoint
    try {
      const subscriber = await KvEventSubscriber.start(
        {
          endpoint: id,
          address,
          bind,
          ...(replay === undefined ? {} : { replay }),
          ...(rank === undefined ? {} : { rank }),
          topic,
          decode: (payload, seq) => this.#decoder()(payload, seq),
          silence: { after: silentAfter, serving: () => signals.inFlight > 0 },
          replaySlots: this.#host.replaySlots,
          signal: this.#abort.signal,
        },
        this.#handlers(),
      )
      this.#follower = subscriber
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#trust.unavailable(error instanceof Error ? error.message : String(error))
    }
  }

  /** Whose form the events have. */
  #speaker(): EngineName | undefined {
    const { encoding } = this.#plan
    return encoding === 'auto' ? this.#engine : encoding
  }

  #decoder(): DecodeBatch {
    const engine = this.#speaker()
    return (engine === undefined ? undefined : DECODERS[engine]) ?? decodeVllm
  }

  #handlers(): KvEventHandlers {
    const { index } = this.#host
    const { slot } = this.#endpoint
    return {
      onBatch: (batch, topic) => this.#take(batch, topic),
      onRestarted: () => {
        index.clear(slot)
        this.#trust.restarted()
      },
      onLost: (loss) => this.#lost(loss),
      onConnected: (connected) => {
        this.#met ||= connected
        this.#trust.connected(connected)
      },
      onSilent: ({ message }) => this.#trust.silent(message),
      onProblem: ({ kind, message }) => this.#problem(kind, message),
    }
  }

  #problem(kind: string, problem: string): void {
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    this.#host.logger.warn({ endpoint: this.#endpoint.id, kind, problem }, 'KV events')
  }

  /** An engine that is just starting is waited for; one that serves publishes somewhere else, or not at all. */
  #missPublisher(): void {
    const { pulled, address, bind, silentAfter } = this.#plan
    if (this.#met || pulled !== undefined || this.#follower === undefined || this.#told.size > 0) return
    if (performance.now() - this.#begunAt < silentAfter * 1000) return
    const found = bind ? 'no engine has connected' : 'nobody can be reached there'
    const problem =
      `expected the publisher of ${this.#endpoint.id} at ${address}, found that ${found}, though the endpoint serves ` +
      'requests: check host and port, and that the engine runs with --kv-events-config'
    this.#problem('nobody', problem)
  }

  #take({ events, seq }: KvEventBatch, topic: string): void {
    if (!this.#topics.has(topic)) {
      this.#topics.add(topic)
      this.ranks(this.#ranks)
    }
    for (const event of events) this.#apply(event)
    this.#trust.batch(seq)
  }

  #apply(event: KvEvent): void {
    const { index } = this.#host
    const { slot } = this.#endpoint
    if (event.type === 'blocks-stored') index.exact.stored(slot, event)
    else if (event.type === 'blocks-removed') index.exact.removed(slot, event)
    // An agent beside the engine has emptied memory of its own.
    else if (event.ownership === undefined) index.cleared(slot)
  }

  #lost({ reason, missing }: Loss): void {
    this.#host.index.exact.clear(this.#endpoint.slot)
    this.#trust.lost(`${missing ?? 'an unknown number of'} messages, ${reason}`)
    if (this.#plan.replay === undefined || reason === 'history-too-short' || reason === 'undecodable') return
    this.#again ??= setTimeout(() => this.#replayAll(), REPLAY_AGAIN).unref()
  }

  /** A new subscription asks for all of the history there is. */
  #replayAll(): void {
    this.#again = undefined
    this.#follower?.[Symbol.dispose]()
    this.#host.index.exact.clear(this.#endpoint.slot)
    this.#rereading = true
    this.#trust.restarted()
    this.#follow()
  }

  #trustChanged(trust: Trust): void {
    const { index } = this.#host
    const { slot } = this.#endpoint
    index.setMode(slot, trust.exact ? 'exact' : 'predicted')
    this.#audited = index.audit(slot)
    if (this.#rereading && trust.reason === 'waiting') return
    this.#rereading = false
    this.#notices.changed(trust)
  }

  #tell({ exact, reason, why }: Trust): void {
    const { logger } = this.#host
    const { id } = this.#endpoint
    const line = { endpoint: id, mode: exact ? 'exact' : 'predicted', reason, why }
    if (exact) logger.info(line, 'prefix blocks are known from KV events')
    else if (reason === 'waiting') logger.info(line, 'prefix blocks are predicted')
    else logger.warn(line, 'prefix blocks are predicted')
  }
}
