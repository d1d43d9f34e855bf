/** About what an entry costs beside its ids. */
const ENTRY_BYTES = 300

/** Token ids by a text's hash, least recently used ones dropped first; bounded by bytes. */
export class TokenCache {
  readonly #limit: number
  readonly #entries = new Map<string, Uint32Array>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Uint32Array | undefined {
    const ids = this.#entries.get(key)
    if (ids === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, ids)
    return ids
  }

  set(key: string, ids: Uint32Array): void {
    this.#drop(key)
    this.#entries.set(key, ids)
    this.#bytes += ids.byteLength + ENTRY_BYTES
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limit) return
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    const ids = this.#entries.get(key)
    if (ids === undefined) return
    this.#entries.delete(key)
    this.#bytes -= ids.byteLength + ENTRY_BYTES
  }
}
