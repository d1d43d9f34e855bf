import { BoundedMap } from './bounded-map.ts'

/** The token ids of one stretch of text, known by everything before it and itself. */
export interface Segment {
  readonly ids: Uint32Array
  /** The upper word of the key, to tell keys apart beyond 53 bits. */
  readonly check: number
  /** Where the stretch ends, from the start of the text. */
  readonly end: number
}

/** About what an entry costs beside its ids: two objects, a typed array's header, a place in the map. */
const ENTRY_BYTES = 240

/** Segments by key, least recently used ones dropped first; bounded by bytes. */
export class SegmentCache {
  readonly #segments: BoundedMap<number, Segment>

  constructor(limitBytes: number) {
    this.#segments = new BoundedMap(limitBytes, ({ ids }) => ids.byteLength + ENTRY_BYTES)
  }

  get bytes(): number {
    return this.#segments.bytes
  }

  get size(): number {
    return this.#segments.size
  }

  /** The segment as it stands: looking does not count as use. */
  peek(key: number, check: number, end: number): Segment | undefined {
    const segment = this.#segments.peek(key)
    return segment === undefined || segment.check !== check || segment.end !== end ? undefined : segment
  }

  get(key: number, check: number, end: number): Segment | undefined {
    const segment = this.peek(key, check, end)
    if (segment !== undefined) this.touch(key)
    return segment
  }

  /** Counts as use, if there is something. */
  touch(key: number): void {
    this.#segments.get(key)
  }

  set(key: number, segment: Segment): void {
    this.#segments.set(key, segment)
  }
}
