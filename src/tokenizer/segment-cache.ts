/** The token ids of one stretch of text, known by everything before it and itself. */
export interface Segment {
  readonly ids: Uint32Array
  /** The upper word of the key, to tell keys apart beyond 53 bits. */
  readonly check: number
  /** Characters from the start of the text to the end of the stretch. */
  readonly end: number
}

/** About what an entry costs beside its ids: two objects, a typed array's header, a place in the map. */
const ENTRY_BYTES = 240

/** Segments by key, least recently used ones dropped first; bounded by bytes. */
export class SegmentCache {
  readonly #limit: number
  readonly #segments = new Map<number, Segment>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#segments.size
  }

  get(key: number, check: number, end: number): Segment | undefined {
    const segment = this.#segments.get(key)
    if (segment === undefined || segment.check !== check || segment.end !== end) return undefined
    this.#segments.delete(key)
    this.#segments.set(key, segment)
    return segment
  }

  set(key: number, segment: Segment): void {
    const old = this.#segments.get(key)
    if (old !== undefined) this.#drop(key, old)
    this.#segments.set(key, segment)
    this.#bytes += segment.ids.byteLength + ENTRY_BYTES
    for (const [oldest, dropped] of this.#segments) {
      if (this.#bytes <= this.#limit) return
      this.#drop(oldest, dropped)
    }
  }

  #drop(key: number, segment: Segment): void {
    this.#segments.delete(key)
    this.#bytes -= segment.ids.byteLength + ENTRY_BYTES
  }
}
