import type { BlockKeys } from '../prefix/block-keys.ts'

const HALF = 2 ** 32

/** How often keys occurred among the last selections, for rules that speak of a share of recent traffic. */
export interface RecentKeys {
  /** Share of the last selections that have the key if one more with it came now: above 0, at most 1. */
  shareWithNext(key: number): number
  /** Takes in a selection with its first `count` keys, all different; when full, the oldest selection is forgotten. */
  note(keys: Float64Array, count: number): void
}

/** The key of one block as a number: 53 of its 64 bits, which is plenty for telling apart a few thousand. */
export function blockKeyNumber({ words }: BlockKeys, block: number): number {
  return (words[2 * block + 1]! & 0x1fffff) * HALF + words[2 * block]!
}

/**
 * Creates an empty window.
 *
 * @param selections Number of selections it spans.
 * @param keysEach Most keys a selection may have.
 * @param forgotten Is told when a key has left the window for good.
 */
export function createRecentKeys(selections: number, keysEach: number, forgotten?: (key: number) => void): RecentKeys {
  const keysOf = new Float64Array(selections * keysEach)
  const countOf = new Uint16Array(selections)
  const arrivals = new Map<number, number>()
  let size = 0
  let oldest = 0

  function oldestHas(key: number): boolean {
    for (let k = 0; k < countOf[oldest]!; k++) if (keysOf[oldest * keysEach + k] === key) return true
    return false
  }

  /** Counts the oldest selection's keys out; those that remain nowhere are gone. */
  function dropOldest(): void {
    for (let k = 0; k < countOf[oldest]!; k++) {
      const key = keysOf[oldest * keysEach + k]!
      const left = arrivals.get(key)! - 1
      if (left > 0) arrivals.set(key, left)
      else {
        arrivals.delete(key)
        forgotten?.(key)
      }
    }
    oldest = (oldest + 1) % selections
    size -= 1
  }

  return {
    shareWithNext(key) {
      const seen = arrivals.get(key) ?? 0
      if (size < selections) return (seen + 1) / (size + 1)
      return (oldestHas(key) ? seen : seen + 1) / selections
    },
    note(keys, count) {
      // Counted in before the oldest is counted out: a key in both never leaves the window.
      for (let k = 0; k < count; k++) arrivals.set(keys[k]!, (arrivals.get(keys[k]!) ?? 0) + 1)
      if (size === selections) dropOldest()
      const at = (oldest + size) % selections
      for (let k = 0; k < count; k++) keysOf[at * keysEach + k] = keys[k]!
      countOf[at] = count
      size += 1
    },
  }
}
