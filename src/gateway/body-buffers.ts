/** Bodies up to this size come from Node's own pool or are cheap enough. */
const SMALLEST = 64 * 1024
/** Bodies beyond this size are rare, and too dear to keep. */
const LARGEST = 8 * 1024 * 1024
/** Bytes that are kept for reuse. */
const KEPT_BYTES = 64 * 1024 * 1024

/**
 * Buffers for large request bodies, used again: fresh ones are external memory that makes the garbage collector run far
 * more often than the program's own objects would.
 */
export class BodyBuffers {
  readonly #free = new Map<number, Buffer[]>()
  #kept = 0

  /** A buffer of `length` bytes with arbitrary content. */
  take(length: number): Buffer {
    if (length < SMALLEST || length > LARGEST) return Buffer.allocUnsafe(length)
    const size = sizeFor(length)
    const free = this.#free.get(size)?.pop()
    if (free === undefined) return Buffer.allocUnsafeSlow(size).subarray(0, length)
    this.#kept -= size
    return free.subarray(0, length)
  }

  /** Gives a buffer from `take` back, or any other, which is ignored. Nobody may use it any more. */
  give(buffer: Buffer): void {
    const size = buffer.buffer.byteLength
    if (buffer.length < SMALLEST || buffer.byteOffset !== 0 || size !== sizeFor(buffer.length)) return
    if (size > LARGEST || this.#kept + size > KEPT_BYTES) return
    const whole = Buffer.from(buffer.buffer, 0, size)
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, [whole])
    else free.push(whole)
    this.#kept += size
  }
}

/** The power of two that holds `length` bytes. */
function sizeFor(length: number): number {
  return 2 ** Math.ceil(Math.log2(length))
}
