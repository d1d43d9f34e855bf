import { setTimeout as delay } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import type { ProgramLog } from '../observe/program-log.ts'
import { httpProbe } from '../signals/http-probe.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import { type EndpointPoller, pollEndpoint } from '../signals/poll-endpoint.ts'
import type { EngineState } from '../signals/polled-engine.ts'

/** Whom to ask. */
export interface PollTarget {
  /** What the address is called in the log. */
  readonly name: string
  readonly url: string
  /** Undefined when it is to be found out. */
  readonly engine: EngineName | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Seconds; the connections that ask are kept no longer than those of requests, and are not among them. */
  readonly keepAlive: number
  readonly connectTimeout: number
}

export interface PollHost extends Pick<ProgramLog, 'logger'> {
  clock(): number
  /** Times as long as usual between two polls: more than 1 where there are very many addresses. */
  slowness(): number
}

/** Who wants to know what the engine says. */
export interface PollListener {
  /** True while requests are in flight there. */
  busy(): boolean
  /** The engine is going to be asked for its load. */
  asking(): void
  /** A poll brought something. */
  read(state: EngineState): void
  /** The engine has been found out. */
  found(engine: EngineName): void
}

const MOST_CONNECTIONS = 4

/** Asks the engine at one address about itself, once for all data-parallel ranks behind it, until nobody listens. */
export class AddressPoll {
  readonly poller: EndpointPoller
  readonly #host: PollHost
  readonly #agent: Agent
  readonly #listeners = new Set<PollListener>()
  #ended = false
  /** As it was found out last. */
  #engine: EngineName | undefined

  constructor({ name, url, engine, headers, keepAlive, connectTimeout }: PollTarget, host: PollHost) {
    this.#host = host
    const dispatcher = new Agent({
      connections: MOST_CONNECTIONS,
      connectTimeout: connectTimeout * 1000,
      keepAliveTimeout: keepAlive * 1000,
      keepAliveMaxTimeout: keepAlive * 1000,
    })
    this.#agent = dispatcher
    this.poller = pollEndpoint({
      probe: httpProbe({ url, headers, fetch: (input, init) => fetch(input, { ...init, dispatcher }) }),
      ...(engine === undefined ? {} : { engine }),
      clock: () => host.clock(),
      sleep: (seconds, signal) => delay(seconds * host.slowness() * 1000, undefined, { signal, ref: false }),
      busy: () => this.#busy(),
      onAsking: () => this.#tell((listener) => listener.asking()),
      onReading: (state) => this.#tell((listener) => listener.read(state)),
      onEngine: ({ engine: found, because }) => {
        if (found !== this.#engine) host.logger.info({ endpoint: name, engine: found, because }, 'engine found out')
        this.#engine = found
        this.#tell((listener) => listener.found(found))
      },
      onProblem: ({ kind, message }) => host.logger.warn({ endpoint: name, kind, problem: message }, 'engine not read'),
    })
  }

  /** True once nobody listens any more: such a poll does not begin anew. */
  get ended(): boolean {
    return this.#ended
  }

  join(listener: PollListener): void {
    this.#listeners.add(listener)
  }

  /** The last one to leave ends it. */
  leave(listener: PollListener): void {
    this.#listeners.delete(listener)
    if (this.#ended || this.#listeners.size > 0) return
    this.#ended = true
    void this.poller[Symbol.asyncDispose]().finally(() => this.#agent.destroy())
  }

  /** A request was sent there while none was in flight. */
  nudge(): void {
    if (this.#host.slowness() === 1) this.poller.nudge()
  }

  /** The engine can be reached again. */
  look(): void {
    this.poller.look()
  }

  #busy(): boolean {
    for (const listener of this.#listeners) if (listener.busy()) return true
    return false
  }

  /** A listener that hears of new ranks brings others, which are told as well, and makes some leave, which are not. */
  #tell(what: (listener: PollListener) => void): void {
    for (const listener of this.#listeners) what(listener)
  }
}
