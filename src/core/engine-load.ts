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
  /** When the engine was asked, in seconds of the scheduler's clock. */
  readonly at: number
}

/** Seconds after which a load says nothing about now. */
const FORGET = 10

/** Keeps the signals that an endpoint's engine tells itself. */
export class ReportedLoad {
  readonly #signals: Signals
  readonly #adapters: AdapterSlots
  #at: number | undefined

  constructor(signals: Signals, adapters: AdapterSlots) {
    this.#signals = signals
    this.#adapters = adapters
  }

  /**
   * Takes a load over. What others sent is what was in the engine beyond this router's requests in flight at that
   * moment; it stays until the next load, while the ledger follows this router's own requests.
   */
  take(load: EngineLoad): void {
    const signals = this.#signals
    const { waiting, running } = load
    this.#at = load.at
    signals.engineWaiting = waiting
    signals.engineRunning = running
    signals.engineWaitingTokens = load.waitingTokens
    signals.engineKvUsage = load.kvUsage
    this.#adapters.take(load.adapters)
    signals.foreignRequests =
      waiting === undefined || running === undefined ? undefined : Math.max(0, waiting + running - signals.inFlight)
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
