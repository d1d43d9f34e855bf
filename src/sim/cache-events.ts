import type { CacheFeed } from './running-endpoint.ts'

/** What one engine published at the end of one step. */
export interface CacheEvents {
  readonly endpoint: number
  readonly at: number
  /** Blocks by their number in the endpoint's `PromptTree`. */
  readonly stored: number[]
  readonly removed: number[]
}

/** How far one reader has come. */
export interface EventCursor {
  /** Number of the next message, counted from the first ever. */
  next: number
}

/** Messages that every reader has read are dropped when there are so many. */
const DROP_AT = 4096

/** The cache events of all engines in the order of their times, one message per engine and step. */
export class CacheEventLog implements CacheFeed {
  readonly #cursors: EventCursor[] = []
  readonly #messages: CacheEvents[] = []
  #dropped = 0

  /** Opens the log for one more reader, which reads it from its beginning. */
  open(): EventCursor {
    const cursor = { next: 0 }
    this.#cursors.push(cursor)
    return cursor
  }

  stored(endpoint: number, node: number, at: number): void {
    this.#message(endpoint, at).stored.push(node)
  }

  removed(endpoint: number, node: number, at: number): void {
    this.#message(endpoint, at).removed.push(node)
  }

  /** The reader's next message if it was published at `latest` or before. */
  next(cursor: EventCursor, latest: number): CacheEvents | undefined {
    const message = this.#messages[cursor.next - this.#dropped]
    if (message === undefined || message.at > latest) return undefined
    cursor.next++
    if (cursor.next - this.#dropped > DROP_AT) this.#drop()
    return message
  }

  #drop(): void {
    const read = Math.min(...this.#cursors.map(({ next }) => next)) - this.#dropped
    if (read < DROP_AT / 2) return
    this.#messages.splice(0, read)
    this.#dropped += read
  }

  #message(endpoint: number, at: number): CacheEvents {
    const last = this.#messages.at(-1)
    if (last !== undefined && last.endpoint === endpoint && last.at === at) return last
    const message = { endpoint, at, stored: [], removed: [] }
    this.#messages.push(message)
    return message
  }
}
