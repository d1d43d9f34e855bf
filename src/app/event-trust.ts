/** Why an endpoint's blocks are known from its events, or predicted. A closed set: it is a label of a metric. */
export type TrustReason =
  /** All events since the engine's start have come. */
  | 'complete'
  /** Events were missed once, but by now they account for what the engine computes. */
  | 'confirmed'
  /** Nothing has come since the subscription or the engine's start. */
  | 'waiting'
  /** Events were missed, so that what the engine held before is not known. */
  | 'incomplete'
  /** None come although the endpoint serves requests. */
  | 'silent'
  /** The connection to its publisher is broken, so that nobody tells what has been evicted, or of a restart. */
  | 'disconnected'
  /** They do not account for what the engine computes. */
  | 'missing'
  /** Its tokens are not those that others of its model have, by which prompts are looked up. */
  | 'other-tokens'
  /** Several data-parallel ranks are behind this endpoint; each has a cache of its own. */
  | 'several-ranks'
  /** The subscription could not be made. */
  | 'unavailable'

/** Whether an endpoint's events are relied on, and why. */
export interface Trust {
  readonly exact: boolean
  readonly reason: TrustReason
  /** The same for people. */
  readonly why: string
}

/** Prompts that are looked at together. */
const WINDOW = 32
/** Share of them whose blocks have to be known before events are relied on again, and that may be missing while they are. */
const RELIED_ON = 0.9
const TOLERATED = 0.25

/**
 * Decides whether an endpoint's events are relied on. They are when all of them have come since the engine started. After
 * a gap, and where prompts were computed without being reported, they are again as soon as nearly all prompts that the
 * endpoint computes turn out to be reported.
 */
export class EventTrust {
  readonly #changed: (trust: Trust) => void
  #reason: TrustReason = 'waiting'
  #why = 'no event has come yet'
  /** What stands in the way whatever comes; the first counts. */
  readonly #obstacles: Partial<Record<TrustReason, Trust>> = {}
  #beforeSilence: Pick<Trust, 'reason' | 'why'> | undefined
  #looked = 0
  #good = 0
  #current: Trust

  /** @param changed Told when the reason is another one than before. */
  constructor(changed: (trust: Trust) => void) {
    this.#changed = changed
    this.#current = this.#judge()
  }

  get current(): Trust {
    return this.#current
  }

  /** A batch has come; `seq` is 0 for the first one of an engine's life. */
  batch(seq: number | undefined): void {
    const { reason, why } = this.#beforeSilence ?? { reason: this.#reason, why: this.#why }
    if (reason !== 'waiting') {
      if (this.#beforeSilence !== undefined) this.#become(reason, why)
    } else if (seq === 0) this.#become('complete', 'all events since the start of the engine have come')
    else this.#become('incomplete', `its events began at number ${seq ?? 'unknown'}: what it held before is not known`)
  }

  /** The engine or the subscription begins anew. */
  restarted(): void {
    this.#become('waiting', 'no event has come since the engine or the subscription started')
  }

  lost(what: string): void {
    this.#become('incomplete', `events were lost (${what}): what it holds besides is not known`)
  }

  silent(why: string): void {
    if (this.#reason === 'silent') return
    const before = { reason: this.#reason, why: this.#why }
    this.#become('silent', why)
    this.#beforeSilence = before
  }

  /** A prompt was computed; `reported` tells whether events say that all of its blocks are there. */
  prompt(reported: boolean): void {
    this.#looked++
    if (reported) this.#good++
    if (this.#looked < WINDOW) return
    const share = this.#good / this.#looked
    this.#looked = this.#good = 0
    const percent = `${Math.round(100 * share)}% of the last ${WINDOW} prompts`
    if (this.#judge().exact) {
      if (share < 1 - TOLERATED) this.#become('missing', `its events reported only ${percent} that it computed`)
    } else if ((this.#reason === 'incomplete' || this.#reason === 'missing') && share >= RELIED_ON) {
      this.#become('confirmed', `its events reported ${percent} that it computed`)
    }
  }

  /**
   * How many data-parallel ranks there are behind the endpoint, or publishers behind its address, and whether its engine
   * can be told which of them a request is for.
   */
  publishers(count: number, takesOrders: boolean): void {
    const advice = takesOrders
      ? `set its ranks to ${count}, or auto`
      : 'its engine cannot be told which of them a request is for. Start it without enable_attention_dp, as many engines ' +
        'as you need, each an endpoint of its own; or leave kvEvents out'
    const why = `${count} data-parallel ranks are behind it, each with a cache of its own: ${advice}`
    this.#obstruct('several-ranks', count > 1 ? why : undefined)
  }

  /** Whether the publisher can be heard, and what was missed meanwhile has been asked for. */
  connected(connected: boolean): void {
    this.#obstruct('disconnected', connected ? undefined : 'the connection to where it publishes is broken')
  }

  /** Why the endpoint's tokens are not those of its model's other endpoints; undefined when they are. */
  otherTokens(why: string | undefined): void {
    this.#obstruct('other-tokens', why)
  }

  unavailable(why: string): void {
    this.#obstruct('unavailable', why)
  }

  #obstruct(reason: TrustReason, why: string | undefined): void {
    if (why === undefined) delete this.#obstacles[reason]
    else this.#obstacles[reason] = { exact: false, reason, why }
    this.#settle()
  }

  #become(reason: TrustReason, why: string): void {
    this.#reason = reason
    this.#why = why
    this.#beforeSilence = undefined
    this.#looked = this.#good = 0
    this.#settle()
  }

  #settle(): void {
    const before = this.#current.reason
    this.#current = this.#judge()
    if (this.#current.reason !== before) this.#changed(this.#current)
  }

  #judge(): Trust {
    const exact = this.#reason === 'complete' || this.#reason === 'confirmed'
    return Object.values(this.#obstacles)[0] ?? { exact, reason: this.#reason, why: this.#why }
  }
}
