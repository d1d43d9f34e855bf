/** What identifies an endpoint: its slot finds the place, its id tells whether the slot has been reused since. */
interface Slotted {
  readonly slot: number
  readonly id: string
}

/** A number per endpoint that is lost when another endpoint takes over the slot. */
export interface SlotTable {
  /** The number noted for this endpoint, `initial` if there is none. */
  get(endpoint: Slotted): number
  set(endpoint: Slotted, value: number): void
}

/** Creates a table in which every endpoint starts with `initial`. */
export function createSlotTable(initial: number): SlotTable {
  const ids: (string | undefined)[] = []
  let values = new Float64Array(64)
  return {
    get: ({ slot, id }) => (ids[slot] === id ? values[slot]! : initial),
    set({ slot, id }, value) {
      if (slot >= values.length) {
        const grown = new Float64Array(2 * (slot + 1))
        grown.set(values)
        values = grown
      }
      ids[slot] = id
      values[slot] = value
    },
  }
}
