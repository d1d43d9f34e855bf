const LF = 10
const CR = 13

/** Cuts a byte stream into server-sent events (WHATWG HTML, section 9.2), for as long as its reader wants them. */
export interface SseReader {
  /**
   * Hands the lines of every event that ends in `bytes` to the handler. Where the handler answers true, reading stops:
   * the index in `bytes` behind that event is returned. Otherwise -1.
   */
  read(bytes: Uint8Array): number
  /** The lines of the event that has begun and not ended; empty where there is none. */
  rest(): string
}

/**
 * A reader that hands complete events to `wantsNoMore`, decoded, whatever way the stream is cut into chunks. Lines end
 * with LF or CRLF. An event of more than `limitBytes` is skipped, so that no stream can make it hold more.
 */
export function createSseReader(limitBytes: number, wantsNoMore: (lines: string) => boolean): SseReader {
  const decoder = new TextDecoder()
  let held = new Uint8Array(1024)
  let length = 0
  let lineLength = 0

  function hold(bytes: Uint8Array, from: number, to: number): void {
    const needed = length + to - from
    // Past the limit only the length counts on.
    if (needed <= limitBytes) {
      if (needed > held.length) held = grown(held, Math.min(limitBytes, Math.max(needed, 2 * held.length)))
      held.set(bytes.subarray(from, to), length)
    }
    length = needed
  }

  function lines(): string {
    return length > limitBytes ? '' : decoder.decode(held.subarray(0, length))
  }

  return {
    read(bytes) {
      let from = 0
      for (let i = 0; i < bytes.length; i++) {
        const byte = bytes[i]!
        if (byte === CR) continue
        if (byte !== LF) lineLength++
        else if (lineLength > 0) lineLength = 0
        else {
          hold(bytes, from, i + 1)
          from = i + 1
          const stop = wantsNoMore(lines())
          length = 0
          if (stop) return from
        }
      }
      hold(bytes, from, bytes.length)
      return -1
    },
    rest: lines,
  }
}

function grown(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size)
  larger.set(bytes)
  return larger
}
