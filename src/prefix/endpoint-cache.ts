import { CapacityBound } from './capacity-bound.ts'
import { STAMP, NEWER } from './holding-pool.ts'
import { LruList } from './lru-list.ts'

/** The clock's last tick: stamps are signed 32-bit words. */
export const LAST_TICK = 0x7fff_ffff

/** What the index keeps for each endpoint. */
export class EndpointCache {
  readonly slot: number
  readonly bound: CapacityBound
  readonly order = new LruList()
  held = 0
  /** Stamp of the newest booking: the clock ticks once for each. */
  tick: number
  /** Changes whenever stamps that are remembered elsewhere lose their meaning. */
  epoch = 0

  constructor(slot: number, capacityBlocks: number, firstTick: number) {
    this.slot = slot
    this.bound = new CapacityBound(capacityBlocks)
    this.tick = firstTick
  }

  /** Advances the clock. Before it would overflow, the stamps in use are replaced by 1, 2, 3, ... in the same order. */
  nextTick(words: Int32Array): void {
    if (this.tick === LAST_TICK) this.#renumber(words)
    this.tick++
  }

  #renumber(words: Int32Array): void {
    let stamp = 0
    let tick = 0
    for (let holding = this.order.oldest; holding !== 0; holding = words[holding + NEWER]!) {
      if (words[holding + STAMP] !== stamp) {
        stamp = words[holding + STAMP]!
        tick++
      }
      words[holding + STAMP] = tick
    }
    this.tick = tick
    this.epoch++
  }
}
