/**
 * A first-come-first-served queue as a ring: constant time at both ends, linear removal from the middle (a client that
 * leaves while it waits).
 */
export class WaitingQueue<T> {
  #ring: (T | undefined)[] = Array.from({ length: 16 }, () => undefined)
  #first = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  peek(): T | undefined {
    return this.#ring[this.#first]
  }

  /** The first item that fits. */
  find(fits: (item: T) => boolean): T | undefined {
    for (let position = 0; position < this.#length; position++) {
      const item = this.#ring[this.#at(position)]
      if (item !== undefined && fits(item)) return item
    }
    return undefined
  }

  push(item: T): void {
    this.#grow()
    this.#ring[this.#at(this.#length)] = item
    this.#length++
  }

  pushFront(item: T): void {
    this.#grow()
    this.#first = this.#at(-1)
    this.#ring[this.#first] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#ring[this.#first]
    this.#ring[this.#first] = undefined
    this.#first = this.#at(1)
    this.#length--
    return item
  }

  /** Removes an item wherever it stands; false when it is not in the queue. */
  remove(item: T): boolean {
    let position = 0
    while (position < this.#length && this.#ring[this.#at(position)] !== item) position++
    if (position === this.#length) return false
    for (; position < this.#length - 1; position++) {
      this.#ring[this.#at(position)] = this.#ring[this.#at(position + 1)]
    }
    this.#length--
    this.#ring[this.#at(this.#length)] = undefined
    return true
  }

  #at(position: number): number {
    return (this.#first + position) & (this.#ring.length - 1)
  }

  #grow(): void {
    const size = this.#ring.length
    if (this.#length < size) return
    this.#ring = Array.from({ length: 2 * size }, (_, position) =>
      position < size ? this.#ring[this.#at(position)] : undefined,
    )
    this.#first = 0
  }
}
