/** Times in a row that an engine must tell of fewer ranks than before, or of others once more. */
const SURE = 3

/**
 * How many data-parallel ranks an engine says are behind its address. What it says first counts at once; after that a
 * page that lacks a rank for a moment, as while an engine starts, changes nothing.
 */
export class ToldRanks {
  #count = 1
  #known = false
  #other = 1
  #times = 0

  get count(): number {
    return this.#count
  }

  /** Takes what it says now; true when the count is another one than before. */
  take(count: number): boolean {
    if (count === this.#count || count < 1) {
      this.#times = 0
      return false
    }
    this.#times = count === this.#other ? this.#times + 1 : 1
    this.#other = count
    if (this.#known && this.#times < SURE) return false
    this.#count = count
    this.#known = true
    this.#times = 0
    return true
  }
}
