/** Share by which a learned capacity recovers when the engine had cached just what was predicted. */
const RECOVERY = 1 / 1024
/** The same when the engine had cached more than was predicted, so that the bound is demonstrably too low: at first, ... */
const FAST_RECOVERY = 1 / 16
/** ... and at most, where it turns out too low again and again: it was not learned from the engine's capacity then. */
const FASTEST_RECOVERY = 1

/**
 * How many blocks an endpoint is believed to hold at most: what is configured, or what its engine was seen to hold if
 * that is less. An engine whose block that was thought to be cached is gone keeps fewer blocks than have been used since
 * that block; this lowers the bound at once. Reports without such a contradiction raise it again, slowly, because the
 * room that running requests leave to cached blocks changes with the load. An engine that lost its cache for another
 * reason, such as a restart that nobody noticed, leaves a bound far below the truth: a report of more blocks than the
 * bound raises it to these at once, and one contradiction after the other raises it faster and faster.
 */
export class CapacityBound {
  #configured: number
  #learned = Number.POSITIVE_INFINITY
  /** By which share the next report of more than was predicted raises the bound. */
  #haste = FAST_RECOVERY

  constructor(configured: number) {
    this.#configured = configured
  }

  get configured(): number {
    return this.#configured
  }

  /** The bound in whole blocks. */
  get blocks(): number {
    return Math.min(this.#configured, Math.floor(this.#learned))
  }

  configure(blocks: number): void {
    this.#configured = blocks
  }

  /** Forgets what was learned. */
  forget(): void {
    this.#learned = Number.POSITIVE_INFINITY
  }

  /** The engine had evicted something although only `blocks` blocks were used more recently. */
  evictedBeyond(blocks: number): void {
    this.#haste = FAST_RECOVERY
    this.#learned = Math.min(this.#learned, blocks)
  }

  /** The engine had cached `blocks` blocks of one prompt: what was predicted, or even `more`. */
  held(blocks: number, more: boolean): void {
    const raised = Math.max(blocks, this.#learned * (1 + (more ? this.#haste : RECOVERY)))
    this.#haste = more ? Math.min(FASTEST_RECOVERY, 2 * this.#haste) : Math.max(FAST_RECOVERY, this.#haste / 2)
    this.#learned = raised >= this.#configured ? Number.POSITIVE_INFINITY : raised
  }
}
