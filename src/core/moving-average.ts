/**
 * An average that forgets: each observation moves it by `weight` of the difference. Until the first observation it is
 * the start value; the first few observations count as a plain mean, so that a bad start value does not linger.
 */
export class MovingAverage {
  value: number
  readonly #weight: number
  #count = 0

  constructor(start: number, weight = 0.02) {
    this.value = start
    this.#weight = weight
  }

  observe(sample: number): void {
    if (!Number.isFinite(sample)) return
    this.#count += 1
    this.value += (sample - this.value) * Math.max(this.#weight, 1 / this.#count)
  }
}
