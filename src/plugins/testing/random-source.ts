/** A seeded random source whose state can be put back, for tests that must draw the same numbers twice. */
export interface RandomSource {
  /** Uniform number in [0, 1). */
  readonly random: () => number
  readonly state: () => number
  readonly restore: (state: number) => void
}

/** Source of the generator: mulberry32, 32 bits of state. */
export function createRandomSource(seed: number): RandomSource {
  let state = seed | 0
  return {
    random() {
      state = (state + 0x6d2b79f5) | 0
      let t = Math.imul(state ^ (state >>> 15), state | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
    },
    state: () => state,
    restore(saved) {
      state = saved
    },
  }
}
