import type { EndpointCache } from './endpoint-cache.ts'

/**
 * One request's claim on the blocks of its prompt at one endpoint, made when the request is dispatched. The caller hands
 * it back to the index when the answer starts, when the attempt fails, and when the engine tells what it had cached.
 */
export class Booking {
  readonly slot: number
  /** Leading blocks of the prompt that the endpoint was believed to hold before this booking. */
  matched = 0
  /** Those of them that an earlier answer had proven; the others were still in flight. */
  trusted = 0
  /** Leading blocks of the prompt that the endpoint is believed to hold from this booking on. */
  blocks = 0

  /** Kept by the index. */
  readonly cache: EndpointCache
  /** The cache's epoch at the booking; stamps of another epoch mean nothing. Kept by the index. */
  readonly epoch: number
  /** The deepest holding that still exists of those the booking vouches for, 0 for none. Kept by the index. */
  end = 0
  /** The next pending booking with the same end. Kept by the index. */
  next: Booking | undefined = undefined
  /** Kept by the index. */
  state: 'pending' | 'confirmed' | 'withdrawn' = 'pending'
  corrected = false

  /**
   * Stamps of the matched blocks before the booking refreshed them, as (first block, stamp) of every run of equal
   * stamps, deepest run first. A booking stamps its whole prompt alike, so runs are few.
   */
  readonly #runs: number[] = []

  constructor(cache: EndpointCache) {
    this.slot = cache.slot
    this.cache = cache
    this.epoch = cache.epoch
  }

  addRun(firstBlock: number, stamp: number): void {
    this.#runs.push(firstBlock, stamp)
  }

  /** The stamp that matched block `block` had before the booking. */
  stampBefore(block: number): number {
    const runs = this.#runs
    let at = 0
    while (runs[at]! > block) at += 2
    return runs[at + 1]!
  }
}
