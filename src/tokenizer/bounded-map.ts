/** Values by key, least recently used ones dropped first; bounded by the bytes that `bytesOf` says they take. */
export class BoundedMap<Key, Value> {
  readonly #limit: number
  readonly #bytesOf: (value: Value) => number
  readonly #values = new Map<Key, Value>()
  #bytes = 0

  /** @param bytesOf What a value takes with its place in the map; always the same for one value. */
  constructor(limitBytes: number, bytesOf: (value: Value) => number) {
    this.#limit = limitBytes
    this.#bytesOf = bytesOf
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#values.size
  }

  /** The value as it stands: looking does not count as use. */
  peek(key: Key): Value | undefined {
    return this.#values.get(key)
  }

  get(key: Key): Value | undefined {
    const value = this.#values.get(key)
    if (value !== undefined) this.#use(key, value)
    return value
  }

  /** A value that is larger than the limit is not kept; all others stay. */
  set(key: Key, value: Value): void {
    const old = this.#values.get(key)
    if (old !== undefined) this.#drop(key, old)
    if (this.#bytesOf(value) > this.#limit) return
    this.#values.set(key, value)
    this.#bytes += this.#bytesOf(value)
    for (const [oldest, dropped] of this.#values) {
      if (this.#bytes <= this.#limit) return
      this.#drop(oldest, dropped)
    }
  }

  #use(key: Key, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value)
  }

  #drop(key: Key, value: Value): void {
    this.#values.delete(key)
    this.#bytes -= this.#bytesOf(value)
  }
}
