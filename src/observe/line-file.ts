import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Characters that are gathered before they are written, and milliseconds after which they are written anyway. */
const GATHERED = 65_536
const GATHERED_MS = 1000
/** Characters that wait at most while nothing can be written; further lines are dropped. */
const MOST_WAITING = 16 * 1024 * 1024

const NOTHING = Buffer.alloc(0)

/** Where lines go. */
export interface LineSink {
  /** Appends bytes and resolves with how many of them, at least one. */
  write(bytes: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** Is told of trouble with a file. */
export interface LineFileEvents {
  /** Lines cannot be written; told once until they can be. */
  failed(reason: string): void
  /** Lines are written again; `lost` of them were dropped meanwhile. */
  recovered(lost: number): void
}

/**
 * Appends lines to a file, many at once and never in the caller's turn. What a failed write leaves is tried again every
 * second, so that the file never holds a part of a line in the middle.
 */
export class LineFile {
  readonly #sink: LineSink
  readonly #events: LineFileEvents
  #lines: string[] = []
  #waiting = 0
  /** What was taken from `lines` and is not written yet. */
  #rest: Uint8Array = NOTHING
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failing = false
  #lost = 0

  constructor(sink: LineSink, events: LineFileEvents) {
    this.#sink = sink
    this.#events = events
  }

  /** Takes a line, its line feed included. */
  add(line: string): void {
    if (this.#waiting + line.length > MOST_WAITING) {
      this.#lost += 1
      this.#fail(`${MOST_WAITING} characters wait to be written already`)
      return
    }
    this.#lines.push(line)
    this.#waiting += line.length
    if (this.#waiting >= GATHERED && !this.#failing) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), GATHERED_MS)
  }

  /** Resolves when what was taken in so far is written, or when that has failed. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined))
    return this.#writing
  }

  /** Writes what is left, and closes the file. Never rejects. */
  async close(): Promise<void> {
    await this.flush()
    // What came in while the flush was ending.
    await this.flush()
    clearTimeout(this.#timer)
    await this.#sink.close().catch((error: unknown) => this.#fail(reasonOf(error)))
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#rest.length > 0 || this.#lines.length > 0) {
        if (this.#rest.length === 0) this.#take()
        this.#rest = this.#rest.subarray(await this.#sink.write(this.#rest))
      }
      if (this.#failing) this.#events.recovered(this.#lost)
      this.#failing = false
      this.#lost = 0
    } catch (error) {
      this.#fail(reasonOf(error))
      this.#timer ??= setTimeout(() => void this.flush(), GATHERED_MS)
    }
  }

  #take(): void {
    this.#rest = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#waiting = 0
  }

  #fail(reason: string): void {
    if (this.#failing) return
    this.#failing = true
    this.#events.failed(reason)
  }
}

/**
 * Opens a file to append lines to, and makes its folder if need be.
 *
 * @throws {Error} With the reason, when nothing can be appended to it.
 */
export async function openLineFile(path: string, events: LineFileEvents): Promise<LineFile> {
  await mkdir(dirname(path), { recursive: true })
  const handle = await open(path, 'a')
  return new LineFile(
    { write: async (bytes) => (await handle.write(bytes)).bytesWritten, close: () => handle.close() },
    events,
  )
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
