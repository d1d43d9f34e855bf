import { hashText, mixHashes } from './text-hash.ts'

/** Room for slots below a point's hash, so that one number holds both and sorts by the hash. */
const SLOTS = 2 ** 20

/** What a ring needs to know of an endpoint. */
interface Slotted {
  readonly slot: number
  readonly id: string
}

/** A consistent hash ring with virtual nodes. */
export interface HashRing {
  /**
   * Writes the places of all `endpoints` in the order in which they are met on the ring from `key` (32 bits) on. Points
   * of endpoints that are not among them are passed over.
   */
  order(key: number, endpoints: readonly Slotted[], into: Int32Array): void
}

/**
 * Creates a ring. It learns endpoints as it meets them; where an endpoint stands depends on its id alone, so what a ring
 * happens to know already never changes an order.
 *
 * @param replicas Points of each endpoint on the ring.
 */
export function createHashRing(replicas: number): HashRing {
  const ids: (string | undefined)[] = []
  let points = new Float64Array(0)
  let placeOf = new Int32Array(0)

  function build(): void {
    const known = ids.flatMap((id, slot) => (id === undefined ? [] : [{ id, slot }]))
    points = new Float64Array(known.length * replicas)
    for (const [k, { id, slot }] of known.entries()) {
      const hash = hashText(id)
      for (let r = 0; r < replicas; r++) points[k * replicas + r] = mixHashes(hash, r) * SLOTS + slot
    }
    points.sort()
    placeOf = new Int32Array(ids.length).fill(-1)
  }

  function learn(endpoints: readonly Slotted[]): void {
    let isNew = false
    for (let i = 0; i < endpoints.length; i++) {
      const { slot, id } = endpoints[i]!
      if (ids[slot] === id) continue
      ids[slot] = id
      isNew = true
    }
    if (isNew) build()
  }

  /** Index of the first point at or after the key. */
  function find(key: number): number {
    let low = 0
    let high = points.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (points[middle]! < key * SLOTS) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    order(key, endpoints, into) {
      learn(endpoints)
      for (let i = 0; i < endpoints.length; i++) placeOf[endpoints[i]!.slot] = i
      let at = find(key)
      for (let met = 0; met < endpoints.length; at++) {
        const slot = points[at % points.length]! % SLOTS
        const place = placeOf[slot]!
        if (place < 0) continue
        into[met++] = place
        placeOf[slot] = -1
      }
    },
  }
}
