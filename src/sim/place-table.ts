import { mixBits } from '../engine/mix-bits.ts'

const EMPTY = -1

/** A map from whole numbers to whole numbers, neither of them negative, of bounded size: open addressing, linear probing. */
export class PlaceTable {
  readonly #keys: Int32Array
  readonly #values: Int32Array
  readonly #mask: number
  #size = 0

  /** Holds `most` entries at most. */
  constructor(most: number) {
    const cells = 2 ** Math.ceil(Math.log2(2 * most + 2))
    this.#mask = cells - 1
    this.#keys = new Int32Array(cells).fill(EMPTY)
    this.#values = new Int32Array(cells)
  }

  get size(): number {
    return this.#size
  }

  /** The value of a key; undefined when there is none. */
  get(key: number): number | undefined {
    const cell = this.#cellOf(key)
    return this.#keys[cell] === EMPTY ? undefined : this.#values[cell]
  }

  set(key: number, value: number): void {
    const cell = this.#cellOf(key)
    if (this.#keys[cell] === EMPTY) this.#size++
    this.#keys[cell] = key
    this.#values[cell] = value
  }

  delete(key: number): void {
    let hole = this.#cellOf(key)
    if (this.#keys[hole] === EMPTY) return
    this.#size--
    // Whatever would not be found any more behind the hole moves into it.
    for (let cell = (hole + 1) & this.#mask; this.#keys[cell] !== EMPTY; cell = (cell + 1) & this.#mask) {
      const home = mixBits(this.#keys[cell]!) & this.#mask
      if (((cell - home) & this.#mask) < ((cell - hole) & this.#mask)) continue
      this.#keys[hole] = this.#keys[cell]!
      this.#values[hole] = this.#values[cell]!
      hole = cell
    }
    this.#keys[hole] = EMPTY
  }

  /** The cell that holds the key, or the empty one where it would go. */
  #cellOf(key: number): number {
    let cell = mixBits(key) & this.#mask
    while (this.#keys[cell] !== key && this.#keys[cell] !== EMPTY) cell = (cell + 1) & this.#mask
    return cell
  }
}
