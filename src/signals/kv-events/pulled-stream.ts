import { decodePulledEvent } from './decode-pulled-event.ts'
import type { StreamCounts } from './event-stream.ts'
import type { Loss, LossReason } from './kv-event-handlers.ts'
import type { KvEventBatch } from './kv-event.ts'
import type { PulledHead } from './pulled-head.ts'

/** Entries that may wait until the size of a block is known. */
const MOST_WAITING = 256

/** What a stream of pulled events needs of the world. */
export interface PulledStreamHost {
  /** Tokens of a full block as the engine says elsewhere; undefined while it does not. */
  blockTokens(): number | undefined
  deliver(batch: KvEventBatch): void
  restarted(): void
  lost(loss: Omit<Loss, 'topic'>): void
}

interface Waiting {
  readonly entry: unknown
  readonly head: PulledHead
}

/**
 * Reads the pulled events of one rank by their numbers. Nothing can be asked for again: a hole is a loss, and a number
 * that was there before is one of a new process.
 */
export class PulledStream {
  readonly counts: StreamCounts = { delivered: 0, duplicates: 0, restarts: 0, losses: 0, replays: 0 }
  readonly #host: PulledStreamHost
  #next: number | undefined
  /** Whether the owner has been told anything since it was last told to forget everything. */
  #told = false
  /** Tokens of a full block as the events prove them, and those by which blocks have been read so far. */
  #proven: number | undefined
  #used: number | undefined
  /** In tokens. Layers that reach back less do not keep whole prefixes. */
  #largestWindow = 0
  #waiting: Waiting[] = []

  constructor(host: PulledStreamHost) {
    this.#host = host
  }

  /** Takes an entry; entries come in the order in which the engine hands them out. */
  take(entry: unknown, head: PulledHead): void {
    this.#place(head.seq)
    this.#learn(head)
    const size = this.#proven ?? this.#host.blockTokens()
    if (size === undefined && (head.needsBlockSize || this.#waiting.length > 0)) {
      if (this.#waiting.length === MOST_WAITING) this.lose('undecodable', MOST_WAITING)
      this.#waiting.push({ entry, head })
      return
    }
    for (const one of this.#waiting.splice(0)) this.#deliver(one, size)
    this.#deliver({ entry, head }, size)
  }

  /** Something is missing for good. It needs no telling while nothing is known: there is nothing to forget. */
  lose(reason: LossReason, missing: number | undefined): void {
    this.counts.losses++
    this.#forget()
    if (!this.#told) return
    this.#told = false
    this.#host.lost({ reason, missing })
  }

  #place(seq: number | undefined): void {
    if (seq === undefined) return
    const next = this.#next ?? seq
    if (seq < next) this.#restart()
    else if (seq > next) this.lose('no-replay', seq - next)
    this.#next = seq + 1
  }

  #restart(): void {
    this.#forget()
    this.#proven = undefined
    this.#largestWindow = 0
    this.counts.restarts++
    this.#told = false
    this.#host.restarted()
  }

  #forget(): void {
    this.#waiting.length = 0
    this.#used = undefined
  }

  /** Blocks that turn out to have been read wrongly are as good as lost. */
  #learn({ fullBlock, windowSize = 0 }: PulledHead): void {
    const otherSize = fullBlock !== undefined && fullBlock !== this.#used
    const otherLayers = windowSize > this.#largestWindow
    if (this.#used !== undefined && (otherSize || otherLayers)) this.lose('undecodable', undefined)
    this.#proven = fullBlock ?? this.#proven
    this.#largestWindow = Math.max(this.#largestWindow, windowSize)
  }

  #deliver({ entry, head }: Waiting, tokensPerBlock: number | undefined): void {
    const slides = head.windowSize !== undefined && head.windowSize < this.#largestWindow
    const batch = decodePulledEvent(entry, {
      ...(tokensPerBlock === undefined ? {} : { tokensPerBlock }),
      ...(slides ? { groupKind: 'sliding_window' } : {}),
    })
    if (batch.events.some(({ type }) => type === 'blocks-stored')) this.#used = tokensPerBlock
    this.counts.delivered++
    this.#told = true
    this.#host.deliver(batch)
  }
}
