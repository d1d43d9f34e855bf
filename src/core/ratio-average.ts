/** An observation counts at most this many times what was expected of it. */
const CLIP = 10
/** A ratio below this is clipped as if it were this: it has to find its way up again. */
const LEAST = 0.1
/** Below this weight of observations the ratio is not known yet. */
const ENOUGH = 3

/**
 * What is observed over what was expected, as a ratio of two sums that forget: long observations count more than short
 * ones, and one that is far off cannot turn it round.
 */
export class RatioAverage {
  /** Undefined until there are a few observations. */
  value: number | undefined = undefined
  readonly #keep: number
  #observed = 0
  #expected = 0
  #count = 0

  /** @param memory Observations after which an old one counts for a third. */
  constructor(memory = 30) {
    this.#keep = 1 - 1 / memory
  }

  observe(observed: number, expected: number): void {
    if (!(observed >= 0) || !(expected > 0) || !Number.isFinite(observed) || !Number.isFinite(expected)) return
    const usual = this.value
    const counted = usual === undefined ? observed : Math.min(observed, CLIP * Math.max(LEAST, usual) * expected)
    this.#observed = this.#observed * this.#keep + counted
    this.#expected = this.#expected * this.#keep + expected
    this.#count += 1
    if (this.#count >= ENOUGH && this.#expected > 0) this.value = this.#observed / this.#expected
  }
}
