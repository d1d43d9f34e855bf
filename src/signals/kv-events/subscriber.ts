import type { Subscriber } from 'zeromq'
import { EventStream, type StreamHost } from './event-stream.ts'
import { GuardedHandlers } from './guarded-handlers.ts'
import type { KvEventFollower } from './kv-event-follower.ts'
import type { KvEventHandlers } from './kv-event-handlers.ts'
import { type EventMessage, FRAMES_EXPECTED, readLive } from './message-frames.ts'
import { rankAddress } from './rank-address.ts'
import { ReplaySlots } from './replay-slots.ts'
import { REPLAY_LIMITS, type ReplayEnd, type ReplayLimits, requestReplay } from './request-replay.ts'
import { watchSilence } from './silence-watch.ts'
import { sumCounts } from './sum-counts.ts'
import type { SubscriberCounts, SubscriberOptions } from './subscriber-options.ts'
import { watchStrangers } from './watch-strangers.ts'
import { loadZeromq, type SocketFactory } from './zeromq-socket.ts'

const CHECK_ADDRESS =
  'Check that address and port are those of --kv-events-config, and that nothing else publishes there'

/** Streams that may share one bound socket; what comes from further topics is taken for garbage. */
const MAX_TOPICS = 1024
/** Handshakes that fail in a row before it is told. */
const FAILED_HANDSHAKES = 3
const STRANGER = 'a ZeroMQ socket of another kind: that for replay, if address and replay are exchanged'
/** Milliseconds until such a socket is dialled again. */
const STRANGER_AGAIN = 2000
const NO_TOPIC = new Uint8Array(0)

/**
 * Follows the KV events of one data-parallel rank of an engine, reconnecting by itself. Every batch reaches `onBatch`
 * once and in order; where that cannot be, `onLost` or `onRestarted` says so first.
 */
export class KvEventSubscriber implements KvEventFollower {
  /** The address that was dialled or bound, with the port the system chose. */
  readonly address: string
  readonly #options: SubscriberOptions
  readonly #handlers: GuardedHandlers
  readonly #zeromq: SocketFactory
  readonly #socket: Subscriber
  readonly #replayAddress: string | undefined
  readonly #limits: ReplayLimits
  readonly #slots: ReplaySlots
  readonly #abort = new AbortController()
  readonly #streams = new Map<string, EventStream>()
  readonly #counts = { messages: 0, garbage: 0, undecodable: 0, skipped: 0 }
  #watch: Disposable | undefined
  /** A replay outside the turn of messages, which wait for it. */
  #synchronizing: Promise<void> | undefined
  /** A replay in the turn of a message. */
  #repairing: Promise<void> | undefined
  #connections = 0
  /** Connected anew without a history to ask: only the next message tells what was missed. */
  #doubtful = false
  #failedHandshakes = 0
  #noReplayBefore = 0

  private constructor(
    options: SubscriberOptions,
    handlers: KvEventHandlers,
    zeromq: SocketFactory,
    socket: Subscriber,
  ) {
    const rank = options.rank ?? 0
    this.#options = options
    this.#zeromq = zeromq
    this.#socket = socket
    this.#replayAddress = options.replay === undefined ? undefined : rankAddress(options.replay, rank)
    this.#limits = { ...REPLAY_LIMITS, ...options.replayLimits }
    this.#slots = options.replaySlots ?? new ReplaySlots()
    this.address = (options.bind === true ? socket.lastEndpoint : undefined) ?? rankAddress(options.address, rank)
    this.#handlers = new GuardedHandlers(handlers, `KV events of ${options.endpoint} at ${this.address}`)
  }

  /**
   * Begins to follow. Rejects when ZeroMQ cannot be loaded, when the address is wrong or taken, or when it was called off
   * meanwhile; an engine that is not there yet is waited for.
   */
  static async start(options: SubscriberOptions, handlers: KvEventHandlers): Promise<KvEventSubscriber> {
    const zeromq = await loadZeromq(options.heartbeat)
    options.signal?.throwIfAborted()
    const address = rankAddress(options.address, options.rank ?? 0)
    const socket = zeromq.subscriber(options.topic ?? '')
    try {
      // Bound before anybody can dial in; dialled only once somebody listens for the connection.
      if (options.bind === true) {
        await socket.bind(address)
        options.signal?.throwIfAborted()
      }
      const subscriber = new KvEventSubscriber(options, handlers, zeromq, socket)
      subscriber.#listen()
      if (options.bind !== true) socket.connect(address)
      return subscriber
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /** What was seen so far, over all streams. */
  get counts(): Readonly<SubscriberCounts> {
    return sumCounts(this.#counts, this.#streams.values())
  }

  get connected(): boolean {
    return this.#connections > 0
  }

  /** Stops; nothing is called afterwards. */
  [Symbol.dispose](): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    this.#handlers.close()
    this.#options.signal?.removeEventListener('abort', this.#stop)
    this.#watch?.[Symbol.dispose]()
    this.#socket.close()
  }

  readonly #stop = (): void => this[Symbol.dispose]()

  #listen(): void {
    const { events } = this.#socket
    events.on('handshake', () => this.#connected())
    events.on('disconnect', () => this.#disconnected())
    events.on('handshake:error:protocol', () => this.#notZeromq())
    events.on('handshake:error:other', () => this.#notZeromq())
    events.on('handshake:error:auth', () => this.#notZeromq())
    watchStrangers(events, () => this.#stranger())
    this.#options.signal?.addEventListener('abort', this.#stop, { once: true })
    const { silence } = this.#options
    if (silence !== undefined) {
      this.#watch = watchSilence(
        silence,
        () => this.#counts.messages,
        (seconds) => void this.#silent(seconds),
      )
    }
    void this.#follow()
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#abort.signal.aborted) {
        const frames = await this.#socket.receive()
        while (this.#synchronizing !== undefined) await this.#synchronizing
        if (this.#abort.signal.aborted) return
        const repair = this.#receive(frames)
        if (repair === undefined) continue
        this.#repairing = repair
        await repair
        this.#repairing = undefined
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  #receive(frames: readonly Uint8Array[]): Promise<void> | undefined {
    this.#counts.messages++
    const message = readLive(frames)
    if (!('found' in message)) {
      const stream = this.#streamOf(message.topic)
      if (stream !== undefined) return this.#believed(stream.receive(message))
    }
    this.#counts.garbage++
    const found = 'found' in message ? message.found : `more than ${MAX_TOPICS} topics`
    this.#handlers.problem('frames', `expected ${FRAMES_EXPECTED}; found ${found}. ${CHECK_ADDRESS}`)
    return undefined
  }

  /** Passes on whether a message needs a replay; without one, the message has cleared up what a new connection is worth. */
  #believed(repair: Promise<void> | undefined): Promise<void> | undefined {
    if (this.#doubtful && repair === undefined && this.connected) {
      this.#doubtful = false
      this.#handlers.connected(true)
    }
    return repair
  }

  /** Only where several publishers dial in does the topic tell them apart. */
  #streamOf(topic: Uint8Array): EventStream | undefined {
    const shared = this.#options.bind === true && this.#replayAddress === undefined
    const name = shared ? Buffer.from(topic).toString() : ''
    const known = this.#streams.get(name)
    if (known !== undefined || this.#streams.size >= MAX_TOPICS) return known
    const stream = new EventStream(this.#hostOf(name))
    this.#streams.set(name, stream)
    return stream
  }

  #hostOf(topic: string): StreamHost {
    return {
      canReplay: () => this.#replayAddress !== undefined && performance.now() >= this.#noReplayBefore,
      replay: (from, take) => this.#replay(from, take),
      gaveUp: (end) => this.#gaveUp(end),
      deliver: ({ seq, payload }) => this.#deliver(payload, seq, topic),
      restarted: () => this.#handlers.restarted(topic),
      lost: (loss) => this.#handlers.lost({ ...loss, topic }),
    }
  }

  #deliver(payload: Uint8Array, seq: number, topic: string): boolean {
    const decoded = this.#options.decode(payload, seq)
    if (!decoded.ok) {
      this.#counts.undecodable++
      const expected = 'expected msgpack [ts, events, rank] behind topic and sequence number'
      this.#handlers.problem('payload', `${expected}; found ${decoded.found}. ${CHECK_ADDRESS}`)
      return false
    }
    const { batch } = decoded
    for (const { count, reason, example } of batch.skipped) {
      this.#counts.skipped += count
      this.#handlers.problem('events', `left out an event (${reason}): ${example}. The others are used; see the counts`)
    }
    this.#handlers.batch(batch, topic)
    return true
  }

  #replay(from: number, take: (message: EventMessage) => boolean): Promise<ReplayEnd> {
    const request = {
      address: this.#replayAddress ?? '',
      from,
      limits: this.#limits,
      signal: this.#abort.signal,
    }
    return this.#slots.run(() => requestReplay(this.#zeromq, request, take))
  }

  #gaveUp(end: ReplayEnd): void {
    this.#noReplayBefore = performance.now() + this.#limits.cooldown * 1000
    const found = typeof end === 'object' ? end.found : end === 'timeout' ? 'no answer in time' : 'a history with holes'
    this.#handlers.problem(
      'replay',
      `expected the missing batches and an end marker from the replay socket ${this.#replayAddress}; found ${found}. ` +
        `Check replay_endpoint in --kv-events-config; until it answers, each gap forgets what the endpoint holds`,
    )
  }

  #connected(): void {
    this.#connections++
    this.#failedHandshakes = 0
    if (this.#replayAddress === undefined) {
      this.#doubtful = this.#counts.messages > 0
      if (!this.#doubtful) this.#handlers.connected(true)
    } else void this.#synchronize().then(() => this.connected && this.#handlers.connected(true))
  }

  #disconnected(): void {
    this.#connections = Math.max(0, this.#connections - 1)
    for (const stream of this.#streams.values()) stream.distrust()
    if (!this.connected) this.#handlers.connected(false)
  }

  /** Asks the history whether messages are missing behind the last one; meanwhile live messages wait. */
  #synchronize(): Promise<void> {
    this.#synchronizing ??= Promise.resolve(this.#repairing)
      .then(() => this.#streamOf(NO_TOPIC)?.synchronize())
      .catch((error: unknown) => this.#failed(error))
      .finally(() => (this.#synchronizing = undefined))
    return this.#synchronizing
  }

  /** Before a stream counts as silent, its history is asked: the last messages may have been lost. */
  async #silent(seconds: number): Promise<void> {
    const before = this.counts.delivered
    if (this.#replayAddress !== undefined) await this.#synchronize()
    if (this.counts.delivered !== before) return
    const state = this.connected ? 'connected, but' : 'not connected, and'
    const advice = this.connected
      ? 'Check that the engine runs with --kv-events-config and prefix caching, and that its topic is the one subscribed to'
      : 'Check host and port, and that the engine publishes there'
    const message = `${state} no message for ${seconds.toFixed(0)} s while the endpoint serves requests. ${advice}`
    this.#handlers.silent({ seconds, connected: this.connected, message })
  }

  /** An engine that is just starting or stopping breaks off a handshake too, but not again and again. */
  #notZeromq(): void {
    if (++this.#failedHandshakes < FAILED_HANDSHAKES) return
    this.#handlers.problem(
      'connection',
      `expected a ZeroMQ publisher, found something that does not speak its protocol. ${CHECK_ADDRESS}`,
    )
  }

  /** An engine that was started otherwise may come to its place. */
  #stranger(): void {
    this.#handlers.problem('connection', `expected a ZeroMQ publisher, found ${STRANGER}. ${CHECK_ADDRESS}`)
    if (this.#options.bind === true) return
    const dial = (): void => {
      if (this.#abort.signal.aborted) return
      this.#socket.disconnect(this.address)
      this.#socket.connect(this.address)
    }
    setTimeout(dial, STRANGER_AGAIN).unref()
  }

  #failed(error: unknown): void {
    if (this.#abort.signal.aborted) return
    const why = error instanceof Error ? error.message : String(error)
    this.#handlers.problem('connection', `receiving failed and has stopped: ${why}. Start the subscription anew`)
  }
}
