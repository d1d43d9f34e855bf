import type { KvEvent } from '../../signals/kv-events/kv-event.ts'
import type { Fate, PublisherOptions } from '../../signals/kv-events/publisher.ts'
import { KvEventPublisher } from '../../signals/kv-events/publisher.ts'
import type { Chance } from '../chance.ts'
import type { Faults } from '../faults.ts'
import type { KvEventDialect, KvEventOptions } from './kv-event-options.ts'
import { kvEventDialect } from './kv-event-options.ts'

export interface OutletOptions {
  readonly events: KvEventOptions
  readonly host: string
  readonly rank: number
  /** Ranks of the engine; one rank names none in its messages. */
  readonly ranks: number
  readonly chance: Chance
  /** The faults of the moment. */
  readonly faults: () => Faults
}

/** Where a rank publishes. */
export interface KvEventSource {
  readonly data_parallel_rank: number
  readonly endpoint: string
  readonly replay_endpoint: string | null
  readonly topic: string
}

interface Delayed {
  readonly payload: Uint8Array
  /** On the clock of `performance.now()`. */
  readonly due: number
}

/** Milliseconds after which a message that the next one was to overtake goes out without one. */
const HOLD = 50
/** A port is free again some moments after its socket was closed. */
const BIND_TRIES = 50
const BIND_PAUSE = 20

/** Publishes one rank's KV events over ZeroMQ, with the faults that are switched on. */
export class EventOutlet implements AsyncDisposable {
  readonly dialect: KvEventDialect
  readonly #options: OutletOptions
  #publisher: KvEventPublisher
  readonly #delayed: Delayed[] = []
  #timer: NodeJS.Timeout | undefined
  #release: NodeJS.Timeout | undefined
  #gap = 0
  #state: 'open' | 'reopening' | 'closed' = 'open'

  private constructor(options: OutletOptions, dialect: KvEventDialect, publisher: KvEventPublisher) {
    this.#options = options
    this.dialect = dialect
    this.#publisher = publisher
  }

  /** Binds. Rejects when a port is taken. */
  static async start(options: OutletOptions): Promise<EventOutlet> {
    const dialect = kvEventDialect(options.events)
    let outlet: EventOutlet | undefined
    const publisher = await KvEventPublisher.start(publisherOptions(options, dialect, () => outlet?.fate() ?? 'send'))
    outlet = new EventOutlet(options, dialect, publisher)
    return outlet
  }

  get source(): KvEventSource {
    const { rank, events } = this.#options
    const { address, replayAddress } = this.#publisher
    return {
      data_parallel_rank: rank,
      endpoint: address,
      replay_endpoint: replayAddress ?? null,
      topic: events.topic ?? '',
    }
  }

  /** Publishes the events of one step, at once or, under a fault, later. */
  publish(events: readonly KvEvent[]): void {
    if (this.#state === 'closed') return
    const { rank, ranks, chance, faults } = this.#options
    const dataParallelRank = ranks === 1 ? undefined : rank
    const payload = this.dialect.encode({ timestamp: Date.now() / 1000, events, dataParallelRank })
    const { eventDelay, eventDelaySeconds } = faults()
    const delay = chance(eventDelay) ? eventDelaySeconds * 1000 : 0
    if (delay === 0 && this.#delayed.length === 0 && this.#state === 'open') this.#publisher.publish(payload)
    else this.#postpone(payload, delay)
  }

  /** The next so many messages get numbers and a place in the history, but are not sent. */
  gap(messages: number): void {
    this.#gap += messages
  }

  /** Numbers begin at 0 again without a history, over the same connections. */
  renumber(): void {
    this.#dropDelayed()
    this.#publisher.restart()
  }

  /** Closes the sockets and opens them again where they were, as a new process of the engine does. */
  async reopen(): Promise<void> {
    const { endpoint, replay_endpoint: replay } = this.source
    this.#state = 'reopening'
    await this.#stop()
    const addresses = { address: endpoint, ...(replay === null ? {} : { replay }) }
    const options = publisherOptions(this.#options, this.dialect, () => this.fate())
    // These are the rank's own ports already.
    this.#publisher = await bindAgain({ ...options, ...addresses, rank: 0 })
    this.#state = 'open'
    this.#catchUp()
  }

  /** What becomes of the next live message. */
  fate(): Fate {
    const { chance, faults } = this.#options
    const { eventDrop, eventDuplicate, eventReorder } = faults()
    if (this.#gap > 0) {
      this.#gap--
      return 'drop'
    }
    if (chance(eventDrop)) return 'drop'
    if (chance(eventDuplicate)) return 'duplicate'
    if (!chance(eventReorder)) return 'send'
    this.#release ??= setTimeout(() => {
      this.#release = undefined
      void this.#publisher.flush()
    }, HOLD)
    return 'hold'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = 'closed'
    await this.#stop()
  }

  /** Closes the sockets; what is published until they are opened again waits for that. */
  async #stop(): Promise<void> {
    this.#dropDelayed()
    this.#gap = 0
    await this.#publisher[Symbol.asyncDispose]()
  }

  #dropDelayed(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#release)
    this.#timer = undefined
    this.#release = undefined
    this.#delayed.length = 0
  }

  /** A late message keeps those behind it waiting. */
  #postpone(payload: Uint8Array, delay: number): void {
    const due = Math.max(performance.now() + delay, this.#delayed.at(-1)?.due ?? 0)
    this.#delayed.push({ payload, due })
    this.#timer ??= setTimeout(() => this.#catchUp(), due - performance.now())
  }

  #catchUp(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#state !== 'open') return
    while ((this.#delayed[0]?.due ?? Infinity) <= performance.now() + 1) {
      const next = this.#delayed.shift()
      if (next !== undefined) this.#publisher.publish(next.payload)
    }
    const [first] = this.#delayed
    if (first !== undefined) this.#timer = setTimeout(() => this.#catchUp(), first.due - performance.now())
  }
}

function publisherOptions(
  { events, host, rank }: OutletOptions,
  dialect: KvEventDialect,
  fate: () => Fate,
): PublisherOptions {
  const { port = 0, replayPort, topic, buffer } = events
  const at = (wanted: number): string => `tcp://${host}:${wanted === 0 ? '*' : wanted}`
  return {
    address: at(port),
    rank,
    replayFrames: dialect.replayFrames,
    fate,
    ...(replayPort === undefined ? {} : { replay: at(replayPort) }),
    ...(topic === undefined ? {} : { topic }),
    ...(buffer === undefined ? {} : { bufferSteps: buffer }),
  }
}

async function bindAgain(options: PublisherOptions): Promise<KvEventPublisher> {
  for (let tried = 1; ; tried++) {
    try {
      return await KvEventPublisher.start(options)
    } catch (error) {
      if (tried === BIND_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, BIND_PAUSE))
    }
  }
}
