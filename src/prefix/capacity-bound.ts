/** Share by which a learned capacity recovers when the engine had cached just what was predicted. */
const RECOVERY = 1 / 1024
/** The same when the engine had cached more than was predicted, so that the bound is demonstrably too low. */
const FAST_RECOVERY = 1 / 16

/**
 * How many blocks an endpoint is believed to hold at most: what is configured, or what its engine was seen to hold if
 * that is less. An engine whose block that was thought to be cached is gone keeps fewer blocks than have been used since
 * that block; this lowers the bound at once. Reports without such a contradiction raise it again, slowly, because the
 * room that running requests leave to cached blocks changes with the load.
 */
export class CapacityBound {
  #configured: number
  #learned = Number.POSITIVE_INFINITY

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
    this.#learned = Math.min(this.#learned, blocks)
  }

  /** The engine had cached what was predicted, or even `more`. */
  held(more: boolean): void {
    const raised = this.#learned * (1 + (more ? FAST_RECOVERY : RECOVERY))
    this.#learned = raised >= this.#configured ? Number.POSITIVE_INFINITY : raised
  }
}
