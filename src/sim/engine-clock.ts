/** When something will happen next in each of many engines: a binary heap of them, the lowest number first among equals. */
export class EngineClock {
  readonly #times: Float64Array
  readonly #heap: Int32Array
  readonly #places: Int32Array

  /** All engines start with nothing to do. */
  constructor(engines: number) {
    this.#times = new Float64Array(engines).fill(Number.POSITIVE_INFINITY)
    this.#heap = Int32Array.from({ length: engines }, (_, engine) => engine)
    this.#places = this.#heap.slice()
  }

  /** The engine in which something happens first. */
  get first(): number {
    return this.#heap[0]!
  }

  /** When that is; Infinity when nothing will happen anywhere. */
  get firstAt(): number {
    return this.#times[this.#heap[0]!]!
  }

  set(engine: number, at: number): void {
    const before = this.#times[engine]!
    this.#times[engine] = at
    if (at < before) this.#rise(engine)
    else if (at > before) this.#sink(engine)
  }

  #rise(engine: number): void {
    let hole = this.#places[engine]!
    while (hole > 0) {
      const parent = this.#heap[(hole - 1) >>> 1]!
      if (!this.#before(engine, parent)) break
      this.#put(parent, hole)
      hole = (hole - 1) >>> 1
    }
    this.#put(engine, hole)
  }

  #sink(engine: number): void {
    const size = this.#heap.length
    let hole = this.#places[engine]!
    for (let child = 2 * hole + 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && this.#before(this.#heap[child + 1]!, this.#heap[child]!)) child++
      const next = this.#heap[child]!
      if (this.#before(engine, next)) break
      this.#put(next, hole)
      hole = child
    }
    this.#put(engine, hole)
  }

  #before(a: number, b: number): boolean {
    const difference = this.#times[a]! - this.#times[b]!
    return difference < 0 || (this.#times[a] === this.#times[b] && a < b)
  }

  #put(engine: number, place: number): void {
    this.#heap[place] = engine
    this.#places[engine] = place
  }
}
