import type { Publisher, Router } from 'zeromq'
import { readSeq, REPLAY_END, writeSeq } from './message-frames.ts'
import { rankAddress } from './rank-address.ts'
import { loadZeromq, type SocketFactory } from './zeromq-socket.ts'

/** What befalls a live message on its way: `hold` lets the next one overtake it. The history has it in any case. */
export type Fate = 'send' | 'drop' | 'duplicate' | 'hold'

export interface PublisherOptions {
  /** Where to bind, or with `connect` whom to dial: `tcp://*:5557`, `tcp://127.0.0.1:*`. */
  readonly address: string
  /** True to dial the router instead of waiting for it. */
  readonly connect?: boolean
  /** Where to answer requests for replay; none without. Always bound. */
  readonly replay?: string
  /** Data-parallel rank, which moves both ports. */
  readonly rank?: number
  readonly topic?: string
  /** Messages kept for replay. */
  readonly bufferSteps?: number
  /** 4 with the topic, as vLLM since June 2026 and TensorRT-LLM; 3 without, as before and as SGLang. */
  readonly replayFrames?: 3 | 4
  /** Decides about each live message, for tests. */
  readonly fate?: (seq: number) => Fate
}

type Frames = readonly Uint8Array[]

/** Publishes messages as engines do: numbered from 0, with a bounded history that can be asked for. */
export class KvEventPublisher implements AsyncDisposable {
  /** Where it publishes. */
  readonly address: string
  /** Where it answers requests for replay; undefined when it does not. */
  readonly replayAddress: string | undefined
  readonly #options: PublisherOptions
  readonly #socket: Publisher
  readonly #router: Router | undefined
  readonly #topic: Uint8Array
  readonly #queue: Frames[] = []
  readonly #history = new Map<number, Uint8Array>()
  #held: Frames | undefined
  #next = 0
  #sending: Promise<void> | undefined
  #answering: Promise<void> | undefined
  #failure: unknown
  #closed = false

  private constructor(options: PublisherOptions, socket: Publisher, router: Router | undefined, dialled: string) {
    this.#options = options
    this.#socket = socket
    this.#router = router
    this.#topic = new TextEncoder().encode(options.topic ?? '')
    this.address = options.connect === true ? dialled : (socket.lastEndpoint ?? dialled)
    this.replayAddress = router?.lastEndpoint ?? undefined
    if (router !== undefined) this.#answering = this.#answer(router)
  }

  /** Binds (or dials) and begins to answer. Rejects when an address is taken or makes no sense. */
  static async start(options: PublisherOptions): Promise<KvEventPublisher> {
    const zeromq = await loadZeromq()
    const address = rankAddress(options.address, options.rank ?? 0)
    const socket = zeromq.publisher()
    let router: Router | undefined
    try {
      if (options.connect === true) socket.connect(address)
      else await socket.bind(address)
      router = await bindRouter(zeromq, options)
    } catch (error) {
      socket.close()
      throw error
    }
    return new KvEventPublisher(options, socket, router, address)
  }

  /** Queues a message for sending and returns its number. Never blocks; nobody may be listening. */
  publish(payload: Uint8Array): number {
    const seq = this.#next++
    this.#history.set(seq, payload)
    const kept = this.#options.bufferSteps ?? 10_000
    if (this.#history.size > kept) this.#history.delete(seq - kept)
    this.#route(seq, [this.#topic, writeSeq(seq), payload])
    return seq
  }

  /**
   * Resolves when everything published so far is handed to the socket, a message that was held back included. Rejects
   * when a socket has failed, after which nothing is sent any more.
   */
  async flush(): Promise<void> {
    this.#release()
    while (this.#sending !== undefined) await this.#sending
    if (this.#failure !== undefined) throw new Error(`publishing at ${this.address} failed`, { cause: this.#failure })
  }

  /**
   * Does what a restart of the engine does to its streams: numbers begin at 0 again and the history is gone. The
   * connections stay; to break them as a real restart does, dispose of this publisher and start another one.
   */
  restart(): void {
    this.#held = undefined
    this.#next = 0
    this.#history.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#queue.length = 0
    this.#socket.close()
    this.#router?.close()
    await Promise.all([this.#sending, this.#answering])
  }

  #route(seq: number, frames: Frames): void {
    const fate = this.#options.fate?.(seq) ?? 'send'
    if (fate === 'drop') return
    if (fate === 'hold') {
      this.#release()
      this.#held = frames
      return
    }
    this.#send(frames)
    if (fate === 'duplicate') this.#send(frames)
    this.#release()
  }

  #release(): void {
    const frames = this.#held
    this.#held = undefined
    if (frames !== undefined) this.#send(frames)
  }

  #send(frames: Frames): void {
    if (this.#closed) return
    this.#queue.push(frames)
    this.#sending ??= this.#drain()
  }

  /** ZeroMQ takes one message at a time. */
  async #drain(): Promise<void> {
    try {
      for (let frames = this.#queue.shift(); frames !== undefined; frames = this.#queue.shift()) {
        await this.#socket.send([...frames])
      }
    } catch (error) {
      if (!this.#closed) this.#failure = error
    } finally {
      this.#sending = undefined
    }
  }

  async #answer(router: Router): Promise<void> {
    try {
      for await (const [identity, empty, number, ...more] of router) {
        const start = readSeq(number)
        if (identity === undefined || empty?.length !== 0 || start === undefined || more.length > 0) continue
        for (const [seq, payload] of Array.from(this.#history)) {
          if (seq >= start) await router.send([identity, empty, ...this.#withTopic([writeSeq(seq), payload])])
        }
        await router.send([identity, empty, ...this.#withTopic(REPLAY_END)])
      }
    } catch (error) {
      if (!this.#closed) this.#failure = error
    }
  }

  #withTopic(frames: Frames): Frames {
    return this.#options.replayFrames === 3 ? frames : [this.#topic, ...frames]
  }
}

async function bindRouter(zeromq: SocketFactory, options: PublisherOptions): Promise<Router | undefined> {
  if (options.replay === undefined) return undefined
  const router = zeromq.router()
  try {
    await router.bind(rankAddress(options.replay, options.rank ?? 0))
  } catch (error) {
    router.close()
    throw error
  }
  return router
}
