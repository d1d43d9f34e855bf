/**
 * Events in order of time, those of the same time in the order they were added: a binary heap over flat arrays. An event
 * is two whole numbers; what they mean is the caller's business.
 */
export class TimeQueue {
  #size = 0
  #added = 0
  #times = new Float64Array(64)
  #orders = new Float64Array(64)
  #kinds = new Int32Array(64)
  #subjects = new Int32Array(64)
  /** The event that `take` took last. */
  kind = 0
  subject = 0

  get size(): number {
    return this.#size
  }

  /** When the first event is due; Infinity when there is none. */
  get firstAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!
  }

  add(at: number, kind: number, subject: number): void {
    if (this.#size === this.#times.length) this.#grow()
    const order = this.#added++
    let hole = this.#size++
    while (hole > 0) {
      const parent = (hole - 1) >>> 1
      if (!this.#before(at, order, parent)) break
      this.#copy(parent, hole)
      hole = parent
    }
    this.#put(hole, at, order, kind, subject)
  }

  /** Takes the first event out; its parts are in `kind` and `subject`. The queue must not be empty. */
  take(): void {
    this.kind = this.#kinds[0]!
    this.subject = this.#subjects[0]!
    const last = --this.#size
    const at = this.#times[last]!
    const order = this.#orders[last]!
    let hole = 0
    for (let child = 1; child < last; child = 2 * hole + 1) {
      if (child + 1 < last && this.#before(this.#times[child + 1]!, this.#orders[child + 1]!, child)) child++
      if (this.#before(at, order, child)) break
      this.#copy(child, hole)
      hole = child
    }
    this.#put(hole, at, order, this.#kinds[last]!, this.#subjects[last]!)
  }

  #before(at: number, order: number, other: number): boolean {
    const time = this.#times[other]!
    return at < time || (at === time && order < this.#orders[other]!)
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#orders[from]!, this.#kinds[from]!, this.#subjects[from]!)
  }

  #put(place: number, at: number, order: number, kind: number, subject: number): void {
    this.#times[place] = at
    this.#orders[place] = order
    this.#kinds[place] = kind
    this.#subjects[place] = subject
  }

  #grow(): void {
    const size = 2 * this.#times.length
    const times = this.#times
    const orders = this.#orders
    const kinds = this.#kinds
    const subjects = this.#subjects
    this.#times = new Float64Array(size)
    this.#orders = new Float64Array(size)
    this.#kinds = new Int32Array(size)
    this.#subjects = new Int32Array(size)
    this.#times.set(times)
    this.#orders.set(orders)
    this.#kinds.set(kinds)
    this.#subjects.set(subjects)
  }
}
