/** Bytes of a stream without content that are held; more of them are no error message. */
const MOST_BYTES = 64 * 1024

/**
 * The first bytes of a stream that has generated nothing yet. Until something is, or `seconds` have passed, the client
 * sees nothing of it, so that another endpoint can still take over.
 */
export class HeldAnswer {
  readonly chunks: Uint8Array[] = []
  readonly #milliseconds: number
  readonly #release: () => void
  #size = 0
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(seconds: number, release: () => void) {
    this.#milliseconds = seconds * 1000
    this.#release = release
    // Head and first event mostly arrive together; then there is no need for a timer.
    process.nextTick(startTimer, this)
  }

  /** Keeps a chunk; true when it is time to let go. */
  add(chunk: Uint8Array): boolean {
    if (chunk.length > 0) this.chunks.push(chunk)
    this.#size += chunk.length
    return this.#size > MOST_BYTES
  }

  /** Nothing is held any more. */
  end(): void {
    this.#over = true
    clearTimeout(this.#timer)
  }

  startTimer(): void {
    if (!this.#over) this.#timer = setTimeout(this.#release, this.#milliseconds)
  }
}

function startTimer(held: HeldAnswer): void {
  held.startTimer()
}
