/** What was sent to one endpoint within the window. */
export interface WindowLoad {
  /** Name of the endpoint; tells whether its slot has been reused since. */
  readonly id: string
  requests: number
  /** Seconds of work. */
  seconds: number
  promptTokens: number
  matchedTokens: number
}

interface Sent {
  readonly at: number
  readonly to: WindowLoad
  readonly seconds: number
  readonly promptTokens: number
  readonly matchedTokens: number
}

/** What is noted about a request that is sent. */
export type SentWork = Omit<Sent, 'at' | 'to'>

/** The work sent to each endpoint during the last so many seconds, done or not. */
export interface LoadWindow {
  /** Load of the endpoint as of the last `advance`; all zero if nothing was sent there. */
  of(endpoint: { readonly slot: number; readonly id: string }): Readonly<WindowLoad>
  add(endpoint: { readonly slot: number; readonly id: string }, work: SentWork, now: number): void
  /**
   * Counts out what has become older than the window. Only the clock decides what that is, so calling it more often, or
   * for a decision that is never carried out, changes nothing that is seen later.
   */
  advance(now: number): void
}

const NOTHING: Readonly<WindowLoad> = { id: '', requests: 0, seconds: 0, promptTokens: 0, matchedTokens: 0 }

/** Spent entries at the front of the queue are cut off once there are this many and they are its larger part. */
const MIN_CUT = 1024

/** Creates an empty window that spans `span` seconds. */
export function createLoadWindow(span: number): LoadWindow {
  const bySlot: (WindowLoad | undefined)[] = []
  let queue: Sent[] = []
  let first = 0

  function remove({ to, seconds, promptTokens, matchedTokens }: Sent): void {
    to.requests -= 1
    // Zero again at the end, whatever the rounding of the sums.
    const empty = to.requests === 0
    to.seconds = empty ? 0 : Math.max(0, to.seconds - seconds)
    to.promptTokens = empty ? 0 : Math.max(0, to.promptTokens - promptTokens)
    to.matchedTokens = empty ? 0 : Math.max(0, to.matchedTokens - matchedTokens)
  }

  return {
    of({ slot, id }) {
      const load = bySlot[slot]
      return load?.id === id ? load : NOTHING
    },
    add({ slot, id }, work, now) {
      let to = bySlot[slot]
      if (to?.id !== id) to = bySlot[slot] = { ...NOTHING, id }
      to.requests += 1
      to.seconds += work.seconds
      to.promptTokens += work.promptTokens
      to.matchedTokens += work.matchedTokens
      queue.push({
        at: now,
        to,
        seconds: work.seconds,
        promptTokens: work.promptTokens,
        matchedTokens: work.matchedTokens,
      })
    },
    advance(now) {
      while (first < queue.length && now - queue[first]!.at > span) remove(queue[first++]!)
      if (first < MIN_CUT || 2 * first < queue.length) return
      queue = queue.slice(first)
      first = 0
    },
  }
}
