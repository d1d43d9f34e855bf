import { AdapterSlots } from './adapter-slots.ts'
import type { Candidate, EndpointRole, EndpointSettings } from './endpoint.ts'
import { ReportedLoad } from './engine-load.ts'
import { EndpointSpeed } from './endpoint-speed.ts'
import { PrefillQueue } from './prefill-queue.ts'
import { decodeStepSeconds, type StepRates } from './rates.ts'
import { idleSignals, type SignalName, type Signals } from './signals.ts'

/** One endpoint with everything the core knows about it. Plugins see it as a `Candidate`. */
export class EndpointState implements Candidate<SignalName> {
  readonly slot: number
  readonly signals: Signals = idleSignals()
  readonly prefill = new PrefillQueue()
  /** Adapters in its batch. */
  readonly adapters = new AdapterSlots()
  /** What the engine says itself. */
  readonly reported = new ReportedLoad(this.signals, this.adapters)
  /** What was observed of its speed, as factors on `rates`. */
  speed = new EndpointSpeed()
  id: string
  url: string
  role: EndpointRole
  labels: Readonly<Record<string, string>>
  rates: StepRates
  kvTokens: number
  maxConcurrency: number
  /** True after a passed probe, until probes or requests fail. */
  ready = false
  /** True when the endpoint takes no new requests and only finishes its running ones. */
  draining = false
  /** True while the engine has given up its memory and answers nothing until somebody wakes it. */
  asleep = false
  /** Called when a request is sent here while none is in flight. */
  onBusy: (() => void) | undefined
  /** When a request was last sent here, in seconds of the scheduler's clock. */
  lastBookedAt = Number.NEGATIVE_INFINITY

  /** Prefill work that was done since the beginning, in seconds by the rates. */
  prefilledSeconds = 0

  #onIdle: (() => void)[] = []

  constructor(slot: number, settings: EndpointSettings) {
    this.slot = slot
    this.id = settings.id
    this.url = settings.url
    this.role = settings.role
    this.labels = settings.labels
    this.rates = settings.rates
    this.kvTokens = settings.kvTokens
    this.maxConcurrency = settings.maxConcurrency
  }

  /** Takes over changed settings; what is in flight and what is cached stays. */
  configure(settings: EndpointSettings): void {
    this.role = settings.role
    this.labels = settings.labels
    if (!sameRates(this.rates, settings.rates)) this.speed = new EndpointSpeed()
    this.rates = settings.rates
    this.kvTokens = settings.kvTokens
    this.maxConcurrency = settings.maxConcurrency
  }

  /** True when new requests may be sent here. Endpoints for a part of the work only take no whole requests. */
  get eligible(): boolean {
    return this.ready && !this.draining && !this.asleep && (this.role === 'both' || this.role === 'decode')
  }

  /** Runs `action` when no request is in flight here: now, or when the last one ends. */
  whenIdle(action: () => void): void {
    if (this.signals.inFlight === 0) action()
    else this.#onIdle.push(action)
  }

  /** Called by a lease that has ended. */
  leaseEnded(): void {
    if (this.signals.inFlight > 0 || this.#onIdle.length === 0) return
    for (const action of this.#onIdle.splice(0)) action()
  }

  /** Brings the signals that change with time up to `now`. */
  refresh(now: number): void {
    this.prefill.setPace(paceOf(this.speed.prefill), now)
    this.prefill.advance(now)
    this.signals.queuedTokens = this.prefill.tokens
    this.signals.queuedSeconds = this.prefill.seconds
    this.signals.idleSeconds = now - this.lastBookedAt
    this.reported.refresh(now)
    this.signals.prefillFactor = this.speed.prefill
    this.signals.decodeFactor = this.speed.decode
    this.signals.predictionError = this.speed.error
  }

  /** Seconds of a decode step with what is decoding now, by the rates; 0 when nothing is. */
  stepSeconds(): number {
    const { decoding, inFlight, inFlightTokens } = this.signals
    return decoding === 0 ? 0 : decodeStepSeconds(this.rates, decoding, (inFlightTokens * decoding) / inFlight)
  }
}

/** Observed speeds scatter: work drains at another pace than the rates say only where it is clearly another. */
const CLEARLY = 1.3

function paceOf(factor: number | undefined): number {
  return factor === undefined || (factor < CLEARLY && factor * CLEARLY > 1) ? 1 : factor
}

function sameRates(a: StepRates, b: StepRates): boolean {
  return (
    a.prefillBase === b.prefillBase &&
    a.prefillPerToken === b.prefillPerToken &&
    a.prefillPerPair === b.prefillPerPair &&
    a.decodeBase === b.decodeBase &&
    a.decodePerSequence === b.decodePerSequence &&
    a.decodePerKvToken === b.decodePerKvToken &&
    a.overhead === b.overhead
  )
}
