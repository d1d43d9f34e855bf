import { SLOT_MASK } from './holding-pool.ts'

/**
 * What an index keeps for each endpoint. An endpoint is named by its slot, a small integer: the lowest one that was free
 * when it was added.
 */
export class EndpointSlots<Kept> {
  /** By slot; undefined where nobody has it. */
  readonly all: (Kept | undefined)[] = []
  readonly #index: string

  /** `index` is what errors call the index. */
  constructor(index: string) {
    this.#index = index
  }

  /** Keeps what `create` makes for the lowest free slot, and returns the slot. */
  add(create: (slot: number) => Kept): number {
    const free = this.all.indexOf(undefined)
    const slot = free === -1 ? this.all.length : free
    if (slot >= SLOT_MASK) throw new RangeError(`${this.#index} has room for ${SLOT_MASK} endpoints, all in use`)
    this.all[slot] = create(slot)
    return slot
  }

  /** @throws RangeError when the slot is not in use */
  at(slot: number): Kept {
    const kept = this.all[slot]
    if (kept === undefined) throw new RangeError(`${this.#index} has no endpoint at slot ${slot}; add one first`)
    return kept
  }

  remove(slot: number): void {
    this.all[slot] = undefined
  }
}
