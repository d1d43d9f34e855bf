import { setTimeout as delay } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import type { EndpointState } from '../core/endpoint-state.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import { httpProbe } from '../signals/http-probe.ts'
import type { EngineReading } from '../signals/metrics/engine-reading.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import { type EndpointPoller, pollEndpoint } from '../signals/poll-endpoint.ts'
import type { EngineState } from '../signals/polled-engine.ts'

/** How an endpoint's engine is asked about itself. */
export interface EnginePlan {
  /** Undefined when it is to be found out. */
  readonly engine: EngineName | undefined
  /** False when it is not asked at all. */
  readonly polled: boolean
  /** Data-parallel rank that the endpoint is. */
  readonly rank: number | undefined
  /** True when the operator has not said how many tokens fit into its cache. */
  readonly learnsKvTokens: boolean
}

export interface WatchTarget extends EnginePlan {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Seconds; the connections that ask are kept no longer than those of requests, and are not among them. */
  readonly keepAlive: number
  readonly connectTimeout: number
}

/** Who is told what an engine says. */
export interface WatchHost extends Pick<ProgramLog, 'logger'> {
  clock(): number
  /** Times as long as usual between two polls: more than 1 where there are very many endpoints. */
  slowness(): number
  /** The engine has been found out. */
  found(engine: EngineName): void
  /** Tokens that fit into its cache. */
  capacity(kvTokens: number): void
  asleep(asleep: boolean): void
  /** Data-parallel ranks behind the address. */
  ranks(count: number): void
}

/** Engines that sleep until somebody else wakes them: llama.cpp wakes by itself when a request comes. */
const MUST_BE_WOKEN: ReadonlySet<EngineName> = new Set<EngineName>(['vllm'])
const MOST_CONNECTIONS = 4
/** Milliseconds after which a sleeping engine is looked at, even when it tells nothing any more. */
const LOOK_AGAIN = 1000

/** Keeps the signals of one endpoint that its engine tells, until it is disposed. */
export class EngineWatch implements Disposable {
  readonly #endpoint: EndpointState
  readonly #target: WatchTarget
  readonly #host: WatchHost
  readonly #agent: Agent
  readonly #poller: EndpointPoller
  #takenAt = Number.NEGATIVE_INFINITY
  #sleeping: NodeJS.Timeout | undefined
  #disposed = false

  constructor(endpoint: EndpointState, target: WatchTarget, host: WatchHost) {
    this.#endpoint = endpoint
    this.#target = target
    this.#host = host
    const { url, headers, engine, keepAlive, connectTimeout } = target
    const dispatcher = new Agent({
      connections: MOST_CONNECTIONS,
      connectTimeout: connectTimeout * 1000,
      keepAliveTimeout: keepAlive * 1000,
      keepAliveMaxTimeout: keepAlive * 1000,
    })
    this.#agent = dispatcher
    this.#poller = pollEndpoint({
      probe: httpProbe({ url, headers, fetch: (input, init) => fetch(input, { ...init, dispatcher }) }),
      ...(engine === undefined ? {} : { engine }),
      clock: () => host.clock(),
      sleep: (seconds, signal) => delay(seconds * host.slowness() * 1000, undefined, { signal, ref: false }),
      busy: () => endpoint.signals.inFlight > 0,
      onReading: (state) => this.#read(state),
      onEngine: ({ engine: found, because }) => {
        host.logger.info({ endpoint: endpoint.id, engine: found, because }, 'engine found out')
        host.found(found)
      },
      onProblem: ({ kind, message }) =>
        host.logger.warn({ endpoint: endpoint.id, kind, problem: message }, 'engine not read'),
    })
    endpoint.onBusy = () => {
      if (host.slowness() === 1) this.#poller.nudge()
    }
  }

  /** Undefined until it is found out. */
  get engine(): EngineName | undefined {
    return this.#poller.engine
  }

  /** What the engine says, of this endpoint's rank where it is one of several. */
  get reading(): EngineReading {
    return this.#ownPart(this.#poller.state().reading)
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    clearInterval(this.#sleeping)
    this.#endpoint.onBusy = undefined
    this.#endpoint.reported.forget()
    void this.#poller[Symbol.asyncDispose]().finally(() => this.#agent.destroy())
  }

  #read(state: EngineState): void {
    if (this.#disposed) return
    const { engine } = this.#poller
    const reading = this.#ownPart(state.reading)
    this.#takeLoad(reading, this.#host.clock() - state.age)
    this.#host.ranks(this.#target.rank === undefined ? (reading.perRank?.length ?? 1) : 1)
    this.#look(reading)
    const { kvCapacityTokens } = reading
    if (!this.#target.learnsKvTokens || kvCapacityTokens === undefined || kvCapacityTokens <= 0) return
    // llama.cpp does not say whether its slots share one context, so that its sum may be several times too much.
    if (engine !== 'llama-cpp') this.#host.capacity(kvCapacityTokens)
  }

  /** Facts come with the last load again: only a new one is compared with what is in flight now. */
  #takeLoad(reading: EngineReading, at: number): void {
    if (!(at - this.#takenAt > 1e-3)) return
    this.#takenAt = at
    const { waiting, running, waitingTokens, kvUsage, loraLoaded, loraWaiting, loraMax } = reading
    const adapters = { running: loraLoaded, waiting: loraWaiting, slots: loraMax }
    this.#endpoint.reported.take({ waiting, running, waitingTokens, kvUsage, adapters, at })
  }

  /** A sleeping engine that tells nothing any more does not stay asleep for ever. */
  #look({ asleep }: EngineReading): void {
    const { engine } = this.#poller
    const sleeps = asleep === true && engine !== undefined && MUST_BE_WOKEN.has(engine)
    if (!sleeps) {
      clearInterval(this.#sleeping)
      this.#sleeping = undefined
    } else this.#sleeping ??= setInterval(() => this.#look(this.reading), LOOK_AGAIN).unref()
    this.#host.asleep(sleeps)
  }

  #ownPart(reading: EngineReading): EngineReading {
    const { rank } = this.#target
    const { perRank } = reading
    if (rank === undefined || perRank === undefined || perRank.length < 2) return reading
    const own = perRank.find((one) => one.rank === rank)
    return own === undefined ? reading : { ...reading, ...own }
  }
}
