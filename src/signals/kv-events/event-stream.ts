import type { Loss, LossReason } from './kv-event-handlers.ts'
import type { EventMessage } from './message-frames.ts'
import type { ReplayEnd } from './request-replay.ts'
import { StreamPosition } from './stream-position.ts'

/** Requests for replay in a row that bring nothing before it is given up. */
const FRUITLESS = 3
/** Live messages in a row that the history does not have before the history is taken for that of somebody else. */
const STRAYS = 1000

/** Empty histories in a row, beside live messages, before the engine is taken for one that keeps none. */
const EMPTY = 8

/** What a stream needs of the world. */
export interface StreamHost {
  /** True when the next loss may be repaired by replay. */
  canReplay(): boolean
  /** Asks for messages from a number on. */
  replay(from: number, take: (message: EventMessage) => boolean): Promise<ReplayEnd>
  /** A replay was given up after so many requests. */
  gaveUp(end: ReplayEnd): void
  /** Hands a message on; false when it could not be decoded. */
  deliver(message: EventMessage): boolean
  restarted(): void
  lost(loss: Omit<Loss, 'topic'>): void
}

export interface StreamCounts {
  delivered: number
  duplicates: number
  restarts: number
  losses: number
  replays: number
}

/**
 * Brings the messages of one publisher into order: each exactly once, holes filled by replay. Each replay begins one
 * message before the hole: when that one reads differently than it did, the engine has been restarted in between.
 *
 * A replay may run ahead of the live messages that still wait, and these may even be of a process that is gone by now.
 * So after a replay, live messages are believed again only once the history turns out to have the one at hand.
 */
export class EventStream {
  readonly counts: StreamCounts = { delivered: 0, duplicates: 0, restarts: 0, losses: 0, replays: 0 }
  readonly #host: StreamHost
  readonly #position = new StreamPosition()
  /** Whether the owner has been told anything since it was last told to forget everything. */
  #told = false
  #strays = 0
  #empty = 0
  /** False after a replay or a broken connection, until a live message is known to be of the same process. */
  #proven = true
  /** Number of the last live message of this process; -1 before the first. */
  #lastLive = -1

  constructor(host: StreamHost) {
    this.#host = host
  }

  /** Takes a live message. A promise when that needs a replay: no other call may be made before it resolves. */
  receive(message: EventMessage): Promise<void> | undefined {
    const place = this.#position.place(message, this.#lastLive)
    if (place === 'duplicate') this.#duplicate(message)
    else if (place === 'next' && this.#proven) this.#believe(message)
    else if (!(place === 'first' && message.seq === 0 && this.#proven) && this.#host.canReplay())
      return this.#repair(message)
    else this.#believe(message)
    return undefined
  }

  /** The connection broke: what comes next may be of another process. */
  distrust(): void {
    this.#proven = false
  }

  /** Learns by replay what a connection made anew has missed, and whether the engine is still the same process. */
  async synchronize(): Promise<void> {
    if (this.#host.canReplay()) await this.#catchUp()
  }

  /** Asks the history about a message, and takes the message itself only when there is no answer. */
  async #repair(message: EventMessage): Promise<void> {
    let found = false
    const end = await this.#catchUp((answer) => (found ||= isSame(answer, message)))
    const place = this.#position.place(message, this.#lastLive)
    if (found) this.#prove(message)
    else if (place === 'duplicate') this.#duplicate(message)
    else if (end !== 'complete') this.#believe(message, 'replay-failed')
    else if (place === 'first') this.#withoutHistory(message)
    else if (++this.#strays < STRAYS) this.counts.duplicates++
    else this.#distrustHistory(message, `a history without the last ${STRAYS} live messages`)
  }

  /** Nothing was ever published, says the history: the message is of a process that is gone, or history is not kept. */
  #withoutHistory(message: EventMessage): void {
    if (++this.#empty < EMPTY) this.#deliver(message)
    else this.#distrustHistory(message, `an empty history, ${EMPTY} times`)
  }

  #distrustHistory(message: EventMessage, found: string): void {
    this.#host.gaveUp({ found })
    if (this.#position.next !== undefined) this.#restart()
    this.#believe(message)
  }

  #prove({ seq }: EventMessage): void {
    this.#proven = true
    this.#strays = 0
    this.#empty = 0
    this.#lastLive = seq
  }

  /** An old message proves nothing: it may have waited since before the connection broke. */
  #duplicate({ seq }: EventMessage): void {
    this.counts.duplicates++
    this.#lastLive = seq
  }

  /** Takes a live message for what its number says. */
  #believe(message: EventMessage, reason: LossReason = 'no-replay'): void {
    const place = this.#position.place(message, this.#lastLive)
    if (place === 'restart') this.#restart()
    const next = this.#position.next
    if (next !== undefined && message.seq > next) this.#lose(reason, message.seq - next)
    this.#prove(message)
    this.#deliver(message)
  }

  /** Takes everything the history has. */
  async #catchUp(onAnswer?: (answer: EventMessage) => void): Promise<ReplayEnd> {
    let end: ReplayEnd = 'timeout'
    let trusted = this.#proven
    this.#proven = false
    for (let fruitless = 0; fruitless < FRUITLESS;) {
      const before = this.#position.next
      const reader = new HistoryReader(this.#position, { mayJump: fruitless > 0, trusted })
      this.counts.replays++
      end = await this.#host.replay(reader.from, (answer) => {
        onAnswer?.(answer)
        return this.#takeAnswer(reader, answer)
      })
      if (reader.otherProcess || (end === 'complete' && reader.answers === 0 && before !== undefined)) {
        this.#restart()
        fruitless++
      } else if (end === 'complete') return end
      else if (typeof end === 'object') break
      else if (this.#position.next === before) fruitless++
      else {
        fruitless = 0
        trusted = true
      }
    }
    this.#host.gaveUp(end)
    return end
  }

  #takeAnswer(reader: HistoryReader, answer: EventMessage): boolean {
    const next = this.#position.next
    const step = reader.read(answer)
    if (step === 'stop') return false
    if (step === 'skip') return true
    if (step === 'jump' && next !== undefined) this.#lose('history-too-short', answer.seq - next || undefined)
    this.#deliver(answer)
    return true
  }

  #deliver(message: EventMessage): void {
    this.#position.take(message)
    if (this.#host.deliver(message)) {
      this.counts.delivered++
      this.#told = true
    } else this.#lose('undecodable', 1)
  }

  #restart(): void {
    this.#position.reset()
    this.counts.restarts++
    this.#told = false
    this.#lastLive = -1
    this.#host.restarted()
  }

  /** A loss needs no telling while nothing is known: there is nothing to forget. */
  #lose(reason: LossReason, missing: number | undefined): void {
    this.counts.losses++
    if (!this.#told) return
    this.#told = false
    this.#host.lost({ reason, missing })
  }
}

function isSame(left: EventMessage, right: EventMessage): boolean {
  return left.seq === right.seq && Buffer.compare(left.payload, right.payload) === 0
}

/** What is known before a replay. */
interface Known {
  /** A hole in the history was there before, so it is no message that got lost on its way. */
  readonly mayJump: boolean
  /** What was taken so far is of the process that runs now. */
  readonly trusted: boolean
}

type Step = 'take' | 'jump' | 'skip' | 'stop'

/** Reads the answers of one replay against the position in the stream. */
class HistoryReader {
  /** The first message to ask for: the last one taken, to see that it is still the same. */
  readonly from: number
  answers = 0
  otherProcess = false
  readonly #position: StreamPosition
  readonly #known: Known

  constructor(position: StreamPosition, known: Known) {
    this.#position = position
    this.#known = known
    this.from = Math.max(0, (position.next ?? 0) - 1)
  }

  read({ seq, payload }: EventMessage): Step {
    const next = this.#position.next
    const isFirst = this.answers++ === 0
    if (next === undefined) return 'take'
    // Without the message before it, the next one may be of another process.
    if (seq === next) return isFirst && !this.#known.trusted ? 'jump' : 'take'
    if (seq > next) return isFirst || this.#known.mayJump ? 'jump' : 'stop'
    if (this.#position.recognizes(seq, payload) !== false) return 'skip'
    this.otherProcess = true
    return 'stop'
  }
}
