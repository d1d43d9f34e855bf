/**
 * Where an adapter (LoRA) stands at an endpoint, best first:
 * - `loaded`: it is in one of the slots of the batch
 * - `room`: it is not, but a slot is free or holds an adapter without requests
 * - `waiting`: all slots are in use, and requests for it wait for one already
 * - `full`: all slots are in use by other adapters
 */
export type AdapterState = 'loaded' | 'room' | 'waiting' | 'full'

/** What an engine says about its adapters; undefined is unknown. */
export interface AdapterReport {
  /** Adapters with requests in the batch. */
  readonly running: readonly string[] | undefined
  /** Adapters with requests in the queue. */
  readonly waiting: readonly string[] | undefined
  /** Adapters that fit into a batch. */
  readonly slots: number | undefined
}

/** An engine has one slot at least: while it does not say how many, the adapter it used last is in it. */
const FEWEST_SLOTS = 1

/**
 * Which adapters are in the slots of an endpoint's batch. Known from two sides: the engine names those that have requests,
 * now and then; the ledger names those this router has sent requests for, at once. An adapter whose requests have ended
 * stays in its slot until another needs it, and the one that was used longest ago goes first (vLLM, SGLang).
 */
export class AdapterSlots {
  /** This router's requests in flight, by adapter. */
  readonly #inFlight = new Map<string, number>()
  /** Adapters in slots, in order of their last use. */
  readonly #held = new Set<string>()
  /** Adapters with requests of others, by the last report. */
  #others: ReadonlySet<string> = NONE
  #slots: number | undefined
  #used = 0

  /** Adapters that fit into a batch; undefined while it is unknown. */
  get slots(): number | undefined {
    return this.#slots
  }

  /** Adapters believed to be in slots, the one used last at the end. */
  get held(): readonly string[] {
    return [...this.#held]
  }

  /** Adapters with requests that are not in a slot. */
  get waiting(): readonly string[] {
    return [...new Set([...this.#others, ...this.#inFlight.keys()])].filter((name) => !this.#held.has(name))
  }

  /** Undefined while it is unknown. */
  stateOf(adapter: string): AdapterState | undefined {
    if (this.#held.has(adapter)) return 'loaded'
    if (this.#slots === undefined) return undefined
    if (this.#used < this.#slots) return 'room'
    return this.#isBusy(adapter) ? 'waiting' : 'full'
  }

  /** A request for the adapter is sent. */
  begin(adapter: string): void {
    const state = this.stateOf(adapter)
    this.#inFlight.set(adapter, (this.#inFlight.get(adapter) ?? 0) + 1)
    if (state === 'loaded' || state === 'room') this.#hold(adapter)
    this.#count()
  }

  /** A request for the adapter has got a token. */
  ran(adapter: string): void {
    this.#hold(adapter)
  }

  /** A request for the adapter has ended; `served` when it has got its answer. */
  end(adapter: string, served: boolean): void {
    if (served) this.#hold(adapter)
    const left = (this.#inFlight.get(adapter) ?? 0) - 1
    if (left > 0) this.#inFlight.set(adapter, left)
    else this.#inFlight.delete(adapter)
    this.#count()
  }

  /**
   * Takes over what the engine says. An adapter for which this router has requests there now has no others: when those end,
   * the ledger says so, and a report that is older than that does not keep the slot.
   */
  take({ running = [], waiting = [], slots }: AdapterReport): void {
    this.#slots = slots ?? this.#slots
    const others = new Set([...running, ...waiting].filter((adapter) => !this.#inFlight.has(adapter)))
    this.#others = others.size === 0 ? NONE : others
    for (const adapter of running) this.#hold(adapter)
    this.#evict()
    this.#count()
  }

  /** What the engine said is too old. How many slots it has stays. */
  forgetReport(): void {
    if (this.#others !== NONE) this.take(NO_REPORT)
  }

  /** The engine has started anew: its slots are empty. */
  forget(): void {
    this.#held.clear()
    this.#slots = undefined
    this.take(NO_REPORT)
  }

  #isBusy(adapter: string): boolean {
    return this.#inFlight.has(adapter) || this.#others.has(adapter)
  }

  #hold(adapter: string): void {
    this.#held.delete(adapter)
    this.#held.add(adapter)
    this.#evict(adapter)
  }

  /** Leaves no more adapters in slots than there are: those without requests go first, and `latest` last. */
  #evict(latest?: string): void {
    while (this.#held.size > (this.#slots ?? FEWEST_SLOTS)) {
      const [oldest = ''] = this.#held
      const idle = this.#oldestIdle(latest)
      // While the slots are not known, all that are in use have one.
      if (idle === undefined && this.#slots === undefined) return
      this.#held.delete(idle ?? oldest)
    }
  }

  /** The adapter without requests that was used longest ago, but `except`. */
  #oldestIdle(except: string | undefined): string | undefined {
    for (const adapter of this.#held) if (adapter !== except && !this.#isBusy(adapter)) return adapter
    return undefined
  }

  #count(): void {
    let used = this.#inFlight.size
    for (const adapter of this.#others) if (!this.#inFlight.has(adapter)) used += 1
    this.#used = used
  }
}

const NONE: ReadonlySet<string> = new Set()
const NO_REPORT: AdapterReport = { running: undefined, waiting: undefined, slots: undefined }
