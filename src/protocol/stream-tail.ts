const LF = 10
const CR = 13

/** Bytes of the end of an answer that are kept: room for the usage block and the closing events of every protocol. */
export const TAIL_BYTES = 4096

/**
 * The end of a byte stream, copied as it passes, so that no chunk is kept alive, and the number of its server-sent
 * events. This is the path of every chunk: one copy of the chunk and one search for line feeds.
 */
export class StreamTail {
  /** Blank lines seen: the ends of events. */
  events = 0
  readonly #kept = new Uint8Array(2 * TAIL_BYTES)
  #length = 0
  /** Bytes of the open line, as far as it matters: 0, 1 for a single CR, 2 for more. */
  #openLine = 0

  /** Keeps the end of `bytes` and counts no events. */
  keep(bytes: Uint8Array): void {
    let end = bytes
    if (end.length > TAIL_BYTES) {
      end = end.subarray(end.length - TAIL_BYTES)
      this.#length = 0
    } else if (this.#length + end.length > this.#kept.length) {
      this.#kept.copyWithin(0, this.#length - TAIL_BYTES, this.#length)
      this.#length = TAIL_BYTES
    }
    this.#kept.set(end, this.#length)
    this.#length += end.length
  }

  /** Keeps the end of `bytes` and counts the events that end in them. */
  keepEvents(bytes: Uint8Array): void {
    this.keep(bytes)
    const size = bytes.length
    let open = this.#openLine
    let start = 0
    while (start < size) {
      const found = bytes.indexOf(LF, start)
      open = grownLine(open, bytes, start, found < 0 ? size : found)
      if (found < 0) break
      if (open < 2) this.events++
      open = 0
      start = found + 1
      // An event usually ends right here; looking is cheaper than searching.
      if (start < size && bytes[start] === LF) {
        this.events++
        start++
      }
    }
    this.#openLine = open
  }

  /** The last `TAIL_BYTES` bytes; the whole stream if it was shorter. Valid until the next chunk. */
  bytes(): Uint8Array {
    return this.#kept.subarray(Math.max(0, this.#length - TAIL_BYTES), this.#length)
  }
}

/** What the open line comes to when the bytes from `from` to `to`, none of them a line feed, are added. */
function grownLine(open: number, bytes: Uint8Array, from: number, to: number): number {
  if (to === from) return open
  return open === 0 && to === from + 1 && bytes[from] === CR ? 1 : 2
}
