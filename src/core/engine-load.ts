import type { AdapterReport, AdapterSlots } from './adapter-slots.ts'
import type { Signals } from './signals.ts'

/** The load of an endpoint as its engine tells it; undefined is unknown, never zero. */
export interface EngineLoad {
  readonly waiting: number | undefined
  readonly running: number | undefined
  /** Prompt tokens of waiting requests that are not in the prefix cache. */
  readonly waitingTokens: number | undefined
  /** Share of the KV cache that running requests hold, 0 to 1. */
  readonly kvUsage: number | undefined
  readonly adapters: AdapterReport
  /** Requests of this router that were in flight when the engine was asked, where that is known. */
  readonly ownBefore?: number | undefined
  /** When the engine was asked, in seconds of the scheduler's clock. */
  readonly at: number
}

/** What an engine said of its load beside an answer; undefined is unknown, never zero. */
export type LoadRemark = Pick<EngineLoad, 'waiting' | 'running' | 'kvUsage' | 'at'>

/** Seconds after which a load says nothing about now. */
const FORGET = 10

/** Keeps the signals that an endpoint's engine tells itself. */
export class ReportedLoad {
  readonly #signals: Signals
  readonly #adapters: AdapterSlots
  #at: number | undefined
  /** When the last load was taken that was more than a remark. */
  #takenAt = Number.NEGATIVE_INFINITY

  constructor(signals: Signals, adapters: AdapterSlots) {
    this.#signals = signals
    this.#adapters = adapters
  }

  /**
   * Takes a load over. The engine looked at some time between being asked and now: what others sent is what it saw
   * beyond this router's requests in flight, as many as they were at either end, so that none of its own is taken for
   * somebody else's. It stays until the next load, while the ledger follows this router's own requests.
   */
  take(load: EngineLoad): void {
    const signals = this.#signals
    const { waiting, running, ownBefore = 0 } = load
    const own = Math.max(ownBefore, signals.inFlight)
    this.#at = load.at
    this.#takenAt = load.at
    signals.engineWaiting = waiting
    signals.engineRunning = running
    signals.engineWaitingTokens = load.waitingTokens
    signals.engineKvUsage = load.kvUsage
    this.#adapters.take(load.adapters)
    signals.foreignRequests =
      waiting === undefined || running === undefined ? undefined : Math.max(0, waiting + running - own)
  }

  /**
   * Takes over what is newer in a remark. The rest stays as it was told last, until that is too old: what others sent
   * cannot be told from new waiting and old running requests.
   */
  remark({ waiting, running, kvUsage, at }: LoadRemark): void {
    if (waiting === undefined && running === undefined && kvUsage === undefined) return
    const signals = this.#signals
    if (at - this.#takenAt > FORGET) this.forget()
    this.#at = at
    signals.engineWaiting = waiting ?? signals.engineWaiting
    signals.engineRunning = running ?? signals.engineRunning
    signals.engineKvUsage = kvUsage ?? signals.engineKvUsage
    if (waiting === undefined || running === undefined) return
    signals.foreignRequests = Math.max(0, waiting + running - signals.inFlight)
  }

  /** Brings the age up to `now`; a load that is too old is forgotten. */
  refresh(now: number): void {
    if (this.#at === undefined) return
    this.#signals.readingAge = now - this.#at
    if (now - this.#at > FORGET) this.forget()
  }

  forget(): void {
    const signals = this.#signals
    this.#at = undefined
    this.#adapters.forgetReport()
    signals.engineWaiting = undefined
    signals.engineRunning = undefined
    signals.engineWaitingTokens = undefined
    signals.engineKvUsage = undefined
    signals.foreignRequests = undefined
    signals.readingAge = undefined
  }
}
