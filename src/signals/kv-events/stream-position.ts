import type { EventMessage } from './message-frames.ts'

/** Recent messages that are told apart from those of another process of the engine. */
const REMEMBERED = 1024
const UNKNOWN = -1
/** What a number stands for that was skipped: it never came, and is late when it does. */
const SKIPPED = -2

/**
 * Where a message belongs: `first` of all, `next` in turn, `gap` when some are missing before it, `duplicate` when it
 * was taken or given up already, `restart` when it can only come from another process of the engine.
 */
export type Place = 'first' | 'next' | 'gap' | 'duplicate' | 'restart'

/**
 * How far a stream of numbered messages was read. A lower number than expected is either an old message again or the
 * first ones of a restarted engine; their time of publication, near the start of a payload, tells them apart.
 */
export class StreamPosition {
  #next: number | undefined
  readonly #seqs = new Float64Array(REMEMBERED).fill(UNKNOWN)
  readonly #prints = new Int32Array(REMEMBERED)

  /** The number that comes next; undefined before the first message. */
  get next(): number | undefined {
    return this.#next
  }

  /**
   * Says where a live message belongs, without taking it. `lastLive` is the number of the live message before it: behind
   * a long replay come many that it has brought already, and as long as their numbers rise they are of one process.
   */
  place({ seq, payload }: EventMessage, lastLive = -1): Place {
    const next = this.#next
    if (next === undefined) return 'first'
    if (seq === next) return 'next'
    if (seq > next) return 'gap'
    if (this.recognizes(seq, payload) === true || this.#seqs[seq % REMEMBERED] === SKIPPED - seq) return 'duplicate'
    return seq < next - REMEMBERED && seq > lastLive ? 'duplicate' : 'restart'
  }

  /** Takes a message: the next one expected has the number behind it, and what was skipped is given up. */
  take({ seq, payload }: EventMessage): void {
    const from = this.#next ?? seq
    for (let at = Math.max(from, seq - REMEMBERED + 1); at < seq; at++) this.#seqs[at % REMEMBERED] = SKIPPED - at
    this.#seqs[seq % REMEMBERED] = seq
    this.#prints[seq % REMEMBERED] = fingerprint(payload)
    this.#next = seq + 1
  }

  /** True when this number was taken with this payload, false when with another, undefined when it is not remembered. */
  recognizes(seq: number, payload: Uint8Array): boolean | undefined {
    const slot = seq % REMEMBERED
    return this.#seqs[slot] === seq ? this.#prints[slot] === fingerprint(payload) : undefined
  }

  /** Forgets everything: the stream begins again. */
  reset(): void {
    this.#next = undefined
    this.#seqs.fill(UNKNOWN)
  }
}

/** 32 bits of a payload's length, its first 16 bytes, which hold the time, and its last 8. */
function fingerprint(payload: Uint8Array): number {
  const length = payload.length
  let print = Math.imul(length, 0x9e3779b1)
  for (let at = Math.min(16, length) - 1; at >= 0; at--) print = Math.imul(print ^ payload[at]!, 0x01000193)
  for (let at = Math.max(0, length - 8); at < length; at++) print = Math.imul(print ^ payload[at]!, 0x01000193)
  return print | 0
}
