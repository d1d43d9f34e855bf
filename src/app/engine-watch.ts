import type { EndpointState } from '../core/endpoint-state.ts'
import type { ProgramLog } from '../observe/program-log.ts'
import { parseLoadHeader } from '../signals/load-header.ts'
import type { EngineReading } from '../signals/metrics/engine-reading.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import { UNKNOWN_LOAD } from '../signals/metrics/sum-ranks.ts'
import type { EndpointPoller } from '../signals/poll-endpoint.ts'
import type { EngineState } from '../signals/polled-engine.ts'
import type { AddressPoll, PollListener } from './address-poll.ts'

/** How an endpoint's engine is asked about itself. */
export interface EnginePlan {
  /** Undefined when it is to be found out. */
  readonly engine: EngineName | undefined
  /** False when it is not asked at all. */
  readonly polled: boolean
  /** Data-parallel rank that the endpoint is. */
  readonly rank: number | undefined
  /** Ranks behind its address, where each was made an endpoint. */
  readonly ofRanks?: number | undefined
  /** True when the operator has not said how many tokens fit into its cache. */
  readonly learnsKvTokens: boolean
}

/** Who is told what an engine says. */
export interface WatchHost extends Pick<ProgramLog, 'logger'> {
  clock(): number
  /** The engine has been found out. */
  found(engine: EngineName): void
  /** Tokens that fit into its cache. */
  capacity(kvTokens: number): void
  asleep(asleep: boolean): void
  /** Data-parallel ranks behind the address, as it tells. */
  ranks(count: number, engine: EngineName | undefined): void
}

/** Engines that sleep until somebody else wakes them: llama.cpp wakes by itself when a request comes. */
const MUST_BE_WOKEN: ReadonlySet<EngineName> = new Set<EngineName>(['vllm'])
/** Seconds between two requests whose answers are to tell the load: an engine collects all its metrics for each. */
const ASK_IN_ANSWERS = 0.25
/** Characters of a header that are shown. */
const EXCERPT = 200
/** Milliseconds after which a sleeping engine is looked at, even when it tells nothing any more. */
const LOOK_AGAIN = 1000

/** Keeps the signals of one endpoint that its engine tells, until it is disposed. */
export class EngineWatch implements Disposable, PollListener {
  readonly #endpoint: EndpointState
  readonly #target: EnginePlan
  readonly #host: WatchHost
  readonly #poll: AddressPoll
  readonly #poller: EndpointPoller
  #takenAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  /** Requests in flight when the engine was asked for its load last. */
  #ownBefore: number | undefined
  #sleeping: NodeJS.Timeout | undefined
  /** What a header tells is of one of them, nobody knows which. */
  #severalRanks: boolean
  #warned = false
  #disposed = false

  /** @param poll What asks the engine, for all ranks behind its address. */
  constructor(endpoint: EndpointState, target: EnginePlan, host: WatchHost, poll: AddressPoll) {
    this.#endpoint = endpoint
    this.#target = target
    this.#host = host
    this.#poll = poll
    this.#poller = poll.poller
    this.#severalRanks = target.rank !== undefined || (target.ofRanks ?? 1) > 1
    endpoint.onBusy = () => poll.nudge()
    poll.join(this)
    // A rank that comes later knows at once what the others know.
    if (this.#poller.state().reading.perRank !== undefined) this.read(this.#poller.state())
  }

  /** Undefined until it is found out. */
  get engine(): EngineName | undefined {
    return this.#poller.engine
  }

  /** What the engine says, of this endpoint's rank where it is one of several. */
  get reading(): EngineReading {
    return this.#ownPart(this.#poller.state().reading)
  }

  /**
   * True when the next request is to ask the engine for its load beside the answer: one that can do it, or any (`all`), as
   * often as it would be polled.
   */
  asksInAnswers(which: 'none' | 'known' | 'all'): boolean {
    if (which === 'none' || this.#severalRanks) return false
    if (which === 'known' && !this.#poller.answersTellLoad) return false
    const now = this.#host.clock()
    if (now - this.#askedAt < ASK_IN_ANSWERS) return false
    this.#askedAt = now
    return true
  }

  /** Takes in the header of an answer that was asked for the load. */
  answerTold(header: string): void {
    if (this.#disposed) return
    const load = parseLoadHeader(header)
    if (load === undefined) {
      this.#warn(header)
      return
    }
    if (load.waiting === undefined && load.running === undefined && load.kvUsage === undefined) return
    this.#poller.inBand(load)
    const { waiting, running, kvUsage } = load
    this.#endpoint.reported.remark({ waiting, running, kvUsage, at: this.#host.clock() })
  }

  /** Its endpoint can be reached: an engine that was not there before is looked at now. */
  ready(): void {
    this.#poll.look()
  }

  #warn(header: string): void {
    if (this.#warned) return
    this.#warned = true
    const problem =
      'its answers carry a header endpoint-load-metrics that cannot be read: expected JSON {"named_metrics": {...}} or ' +
      `TEXT named_metrics.NAME=VALUE, ..., found ${JSON.stringify(header.slice(0, EXCERPT))}; its load is polled as usual. ` +
      'usage.load: none does not ask for it'
    this.#host.logger.warn({ endpoint: this.#endpoint.id, kind: 'bad-load-header', problem }, 'engine not read')
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    clearInterval(this.#sleeping)
    this.#endpoint.onBusy = undefined
    this.#endpoint.reported.forget()
    this.#poll.leave(this)
  }

  busy(): boolean {
    return this.#endpoint.signals.inFlight > 0
  }

  asking(): void {
    this.#ownBefore = this.#endpoint.signals.inFlight
  }

  found(engine: EngineName): void {
    this.#host.found(engine)
  }

  read(state: EngineState): void {
    if (this.#disposed) return
    const { engine } = this.#poller
    const reading = this.#ownPart(state.reading)
    const { rank, ofRanks = 1 } = this.#target
    this.#severalRanks = Math.max(ofRanks, state.reading.perRank?.length ?? (rank === undefined ? 1 : 2)) > 1
    this.#takeLoad(reading, state)
    this.#look(reading)
    this.#learnCapacity(reading, engine)
    // Last, as it may bring other endpoints into the place of this one.
    if (reading.perRank !== undefined) this.#host.ranks(reading.perRank.length, engine)
  }

  #learnCapacity({ kvCapacityTokens }: EngineReading, engine: EngineName | undefined): void {
    if (!this.#target.learnsKvTokens || kvCapacityTokens === undefined || kvCapacityTokens <= 0) return
    // llama.cpp does not say whether its slots share one context, so that its sum may be several times too much.
    if (engine !== 'llama-cpp') this.#host.capacity(kvCapacityTokens)
  }

  /** Facts come with the last load again: only a newly polled one is compared with what is in flight now. */
  #takeLoad(reading: EngineReading, { age, polledAt }: EngineState): void {
    if (!(polledAt > this.#takenAt)) return
    this.#takenAt = polledAt
    const at = this.#host.clock() - age
    const { waiting, running, waitingTokens, kvUsage, loraLoaded, loraWaiting, loraMax } = reading
    const adapters = { running: loraLoaded, waiting: loraWaiting, slots: loraMax }
    const ownBefore = this.#ownBefore
    this.#endpoint.reported.take({ waiting, running, waitingTokens, kvUsage, adapters, ownBefore, at })
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

  /**
   * What is told of this endpoint's rank. A node of several numbers its ranks on from those of the node before, but takes
   * orders for the first, the second and so on of its own: so does this.
   */
  #ownPart(reading: EngineReading): EngineReading {
    const { rank, ofRanks = 1 } = this.#target
    const { perRank } = reading
    if (rank === undefined || perRank === undefined) return reading
    // The load of all ranks together is that of none.
    if (perRank.length < 2) return ofRanks > 1 ? { ...reading, ...UNKNOWN_LOAD } : reading
    const own = perRank.find((one) => one.rank === rank) ?? perRank[rank]
    return own === undefined ? reading : { ...reading, ...own }
  }
}
