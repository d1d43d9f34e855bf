/** Prefill work of one lease, in the order it was sent to the engine. */
export interface PrefillWork {
  /** Prompt tokens the endpoint has to compute. */
  readonly tokens: number
  /** The same in seconds. */
  readonly seconds: number
  /** True when the first token will be seen, so that the work ends when it arrives and not before. */
  readonly observed: boolean
}

/** Work in a queue; give it back to `remove`. The links belong to the queue. */
export interface QueuedPrefill extends PrefillWork {
  previous: QueuedPrefill | undefined
  next: QueuedPrefill | undefined
  queued: boolean
}

/**
 * The prefill work that was sent to one engine and is not known to be done, first come first served. Work drains with
 * time: the head shrinks at the modelled speed, so that what counts is the work that remains, not what was sent.
 *
 * The head of an observed request never drains below a twentieth, because its first token has not come yet. The head of
 * an unobserved one (a plain answer) leaves when its modelled time is over.
 */
export class PrefillQueue {
  #head: QueuedPrefill | undefined
  #tail: QueuedPrefill | undefined
  #tokens = 0
  #seconds = 0
  #headSince = 0
  #drainedTokens = 0
  #drainedSeconds = 0
  /** Seconds that a second of work really takes. */
  #pace = 1
  #plainSeconds = 0

  /** Takes over what was observed of the engine's speed: seconds that a second of modelled work takes. */
  setPace(pace: number, now: number): void {
    if (pace === this.#pace) return
    this.advance(now)
    // What the head has done is done: only the rest goes on at the new pace.
    this.#headSince = now - (now - this.#headSince) * (pace / this.#pace)
    this.#pace = pace
  }

  /** Adds work sent at `now` (seconds). */
  push(work: PrefillWork, now: number): QueuedPrefill {
    this.advance(now)
    const entry: QueuedPrefill = {
      tokens: work.tokens,
      seconds: work.seconds,
      observed: work.observed,
      previous: this.#tail,
      next: undefined,
      queued: true,
    }
    if (this.#tail === undefined) {
      this.#head = entry
      this.#headSince = now
    } else {
      this.#tail.next = entry
    }
    this.#tail = entry
    this.#tokens += entry.tokens
    this.#seconds += entry.seconds
    return entry
  }

  /** Takes work out: it is done, failed or given up. Work that already left is ignored. */
  remove(entry: QueuedPrefill, now: number): void {
    this.advance(now)
    if (!entry.queued) return
    if (!entry.observed) this.#plainSeconds += entry.seconds
    if (entry === this.#head) this.#headSince = now
    this.#unlink(entry)
    this.advance(now)
  }

  /** Drains the queue up to `now`; `tokens` and `seconds` are exact afterwards. */
  advance(now: number): void {
    this.#drainedTokens = 0
    this.#drainedSeconds = 0
    while (this.#head !== undefined) {
      const head = this.#head
      const elapsed = now - this.#headSince
      const takes = head.seconds * this.#pace
      if (elapsed >= takes && !head.observed) {
        this.#headSince += takes
        this.#plainSeconds += head.seconds
        this.#unlink(head)
        continue
      }
      const share = takes > 0 ? Math.min(0.95, elapsed / takes) : 0
      this.#drainedTokens = share * head.tokens
      this.#drainedSeconds = share * head.seconds
      return
    }
  }

  /** Prompt tokens left at the time of the last `advance`. */
  get tokens(): number {
    return Math.max(0, this.#tokens - this.#drainedTokens)
  }

  /** Seconds of work left at the time of the last `advance`. */
  get seconds(): number {
    return Math.max(0, this.#seconds - this.#drainedSeconds)
  }

  /** Seconds of unobserved work that has left since the beginning. */
  get plainSeconds(): number {
    return this.#plainSeconds
  }

  #unlink(entry: QueuedPrefill): void {
    if (entry.previous === undefined) this.#head = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.#tail = entry.previous
    else entry.next.previous = entry.previous
    entry.queued = false
    this.#tokens -= entry.tokens
    this.#seconds -= entry.seconds
    if (this.#head === undefined) this.#tokens = this.#seconds = 0
  }
}
