import { setTimeout as delay } from 'node:timers/promises'
import { GuardedHandlers } from './guarded-handlers.ts'
import type { KvEventFollower } from './kv-event-follower.ts'
import type { KvEventHandlers, Loss } from './kv-event-handlers.ts'
import type { KvEventBatch } from './kv-event.ts'
import { PULL_PACE, type PullPace, pullPause } from './pull-pace.ts'
import { PULL_PATH, pullEvents, type PullRequest } from './pull-events.ts'
import { isNothing, readPulledHead } from './pulled-head.ts'
import { PulledStream } from './pulled-stream.ts'
import { type SilenceOptions, watchSilence } from './silence-watch.ts'
import { sumCounts } from './sum-counts.ts'
import type { SubscriberCounts } from './subscriber-options.ts'

export interface PullerOptions {
  /** The endpoint's name, for messages. */
  readonly endpoint: string
  /** Base address of the engine, without a trailing slash. */
  readonly url: string
  /** Sent with every request, e.g. an API key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Data-parallel rank to follow; without it each rank is a topic of its own. */
  readonly rank?: number
  /** Tokens of a full block as the engine says elsewhere; without it the events have to show it. */
  readonly blockTokens?: () => number | undefined
  /** Whether the endpoint serves requests, so that events are to be expected. */
  readonly busy?: () => boolean
  readonly silence?: SilenceOptions
  readonly pace?: PullPace
  /** Seconds for a whole answer, default 30. What an answer that is not waited for would have brought is lost. */
  readonly timeout?: number
  /** Largest answer in bytes, default 32 MiB, which take some 0.3 s to read. */
  readonly maxBytes?: number
  readonly fetch?: typeof globalThis.fetch
  readonly signal?: AbortSignal
}

const TIMEOUT = 30
const MAX_BYTES = 32 * 1024 * 1024
/** Requests that fail in a row before the engine counts as out of reach. */
const FAILURES = 2
/** Ranks that are told apart; what further ones say is left out. */
const MAX_RANKS = 1024
const CHECK_ENGINE =
  'Check that the endpoint is a trtllm-serve, with kv_cache_config.event_buffer_max_size above 0 and enable_block_reuse'

/**
 * Fetches the KV events that TensorRT-LLM hands out by HTTP, and tells its owner what a subscriber would. Whoever fetches
 * events takes them away from everybody else, so there may be one such reader of an engine.
 */
export class KvEventPuller implements KvEventFollower {
  readonly #options: PullerOptions
  readonly #handlers: GuardedHandlers
  readonly #request: PullRequest
  readonly #pace: PullPace
  readonly #abort = new AbortController()
  readonly #streams = new Map<number, PulledStream>()
  readonly #counts = { messages: 0, garbage: 0, undecodable: 0, skipped: 0 }
  readonly #watch: Disposable | undefined
  #failures = 0
  /** What was told last; undefined before anything was. */
  #connected: boolean | undefined

  constructor(options: PullerOptions, handlers: KvEventHandlers) {
    const { url, headers = {}, timeout = TIMEOUT, maxBytes = MAX_BYTES, fetch = globalThis.fetch, silence } = options
    this.#options = options
    this.#pace = options.pace ?? PULL_PACE
    this.#handlers = new GuardedHandlers(handlers, `KV events of ${options.endpoint} at ${url}${PULL_PATH}`)
    this.#request = { url, headers, timeout, maxBytes, fetch, signal: this.#abort.signal }
    options.signal?.addEventListener('abort', this.#stop, { once: true })
    this.#watch =
      silence === undefined
        ? undefined
        : watchSilence(
            silence,
            () => this.#counts.messages,
            (seconds) => this.#silent(seconds),
          )
    if (options.signal?.aborted === true) this.#stop()
    else void this.#follow()
  }

  /** Entries are the messages here. */
  get counts(): Readonly<SubscriberCounts> {
    return sumCounts(this.#counts, this.#streams.values())
  }

  get connected(): boolean {
    return this.#connected === true && this.#failures === 0
  }

  /** Stops; nothing is called afterwards. */
  [Symbol.dispose](): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    this.#handlers.close()
    this.#options.signal?.removeEventListener('abort', this.#stop)
    this.#watch?.[Symbol.dispose]()
  }

  readonly #stop = (): void => this[Symbol.dispose]()

  async #follow(): Promise<void> {
    try {
      for (;;) await this.#rest(await this.#pull())
    } catch (error) {
      if (this.#abort.signal.aborted) return
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#handlers.problem('connection', `fetching has stopped: ${why}. Start the router anew`)
      this.#reached(false)
    }
  }

  /** Fetches once and hands on what came; how many entries that was. */
  async #pull(): Promise<number> {
    const answer = await pullEvents(this.#request)
    this.#abort.signal.throwIfAborted()
    if (answer.outcome === 'entries') {
      this.#take(answer.entries)
      return answer.entries.length
    }
    this.#failures++
    const found = `expected the list of events since the last request, found ${answer.found}`
    if (answer.outcome === 'unreadable') {
      this.#counts.undecodable++
      for (const stream of this.#streams.values()) stream.lose('undecodable', undefined)
      this.#handlers.problem('payload', `${found}. ${CHECK_ENGINE}`)
    } else if (this.#failures >= FAILURES) {
      this.#handlers.problem('connection', `${found}. ${CHECK_ENGINE}`)
    }
    if (this.#failures >= FAILURES) this.#reached(false)
    return 0
  }

  /** Ends early when the endpoint becomes busy. */
  async #rest(entries: number): Promise<void> {
    const { busy = () => false } = this.#options
    const { signal } = this.#abort
    const end = performance.now() + 1000 * pullPause(this.#pace, entries, this.#failures, busy())
    for (let left = end - performance.now(); left > 0; left = end - performance.now()) {
      if (this.#failures === 0 && left > 1000 * this.#pace.busy && busy()) return
      await delay(Math.min(left, 1000 * this.#pace.busy), undefined, { signal, ref: false })
    }
  }

  #take(entries: readonly unknown[]): void {
    this.#failures = 0
    for (const entry of entries) {
      if (isNothing(entry)) continue
      this.#counts.messages++
      const head = readPulledHead(entry)
      const { rank: only } = this.#options
      if (only !== undefined && head.rank !== undefined && head.rank !== only) continue
      const stream = this.#streamOf(head.rank ?? only ?? 0)
      if (stream === undefined) this.#counts.garbage++
      else stream.take(entry, head)
    }
    // After a break, only what comes next tells whether the engine is still the same process.
    if (this.#connected !== false || entries.length > 0) this.#reached(true)
  }

  #reached(connected: boolean): void {
    if (this.#connected === connected) return
    this.#connected = connected
    this.#handlers.connected(connected)
  }

  #streamOf(rank: number): PulledStream | undefined {
    const known = this.#streams.get(rank)
    if (known !== undefined || this.#streams.size >= MAX_RANKS) return known
    const topic = rank === 0 || this.#options.rank !== undefined ? '' : `rank ${rank}`
    const stream = new PulledStream({
      blockTokens: () => this.#options.blockTokens?.(),
      deliver: (batch) => this.#deliver(batch, topic),
      restarted: () => this.#handlers.restarted(topic),
      lost: (loss) => this.#lost({ ...loss, topic }),
    })
    this.#streams.set(rank, stream)
    return stream
  }

  #deliver(batch: KvEventBatch, topic: string): void {
    for (const { count, reason, example } of batch.skipped) {
      this.#counts.skipped += count
      this.#handlers.problem('events', `left out an event (${reason}): ${example}. The others are used; see the counts`)
    }
    this.#handlers.batch(batch, topic)
  }

  #lost(loss: Loss): void {
    if (loss.reason === 'no-replay') {
      this.#handlers.problem(
        'gap',
        `expected the event behind the last one, found that ${loss.missing} are missing. Events are handed out once: check ` +
          `that nothing else fetches them (another router, a doctor), and make kv_cache_config.event_buffer_max_size larger`,
      )
    }
    this.#handlers.lost(loss)
  }

  #silent(seconds: number): void {
    const connected = this.connected
    const state = connected ? 'answered, but without an event' : 'no answer'
    const message =
      `${state} for ${seconds.toFixed(0)} s while the endpoint serves requests. ${CHECK_ENGINE}, ` +
      `and that nothing else fetches its events`
    this.#handlers.silent({ seconds, connected, message })
  }
}
