import type { Candidate } from '../core/endpoint.ts'

/** An endpoint's load, as it is or as it is reckoned to be. */
export interface Load {
  /** Prefill work ahead, in seconds by the endpoint's rates. */
  queuedSeconds: number
  inFlight: number
  decoding: number
  inFlightTokens: number
}

export type LoadSignal = keyof Load | 'loadAge'

/** What this router did to the load of an endpoint. */
interface Change {
  readonly at: number
  /** 1 for a request that was sent, -1 for one that ended. */
  readonly requests: number
  readonly seconds: number
  readonly tokens: number
}

const NONE: readonly Change[] = []

/** Age of a reading, in seconds, up to which it is brought up to date. */
const HORIZON = 30

/** Brings load that was read some time ago up to now, by what this router has sent since and seen ending. */
export interface LoadReckoning {
  sent(slot: number, at: number, seconds: number, tokens: number): void
  ended(slot: number, at: number, tokens: number): void
  /** The load now; the same object every time. */
  now(candidate: Candidate<LoadSignal>, now: number): Readonly<Load>
}

/**
 * Creates a reckoning. Where the router's own ledger keeps the load, its age is 0 and it is passed on as it is; nothing is
 * remembered until an old reading was seen.
 */
export function createLoadReckoning(): LoadReckoning {
  const changes = new Map<number, Change[]>()
  const load: Load = { queuedSeconds: 0, inFlight: 0, decoding: 0, inFlightTokens: 0 }
  let needed = false

  function add(slot: number, change: Change): void {
    if (!needed) return
    const list = changes.get(slot) ?? []
    changes.set(slot, list)
    let stale = 0
    while (stale < list.length && list[stale]!.at < change.at - HORIZON) stale++
    if (stale > 0) list.splice(0, stale)
    list.push(change)
  }

  /**
   * Work that was being computed when the load was read: engines count what waits. Requests are begun in the order they were
   * sent, so those not yet decoding are the last ones; on average half of what of them does not wait was done.
   */
  function underWay(list: readonly Change[], since: number): number {
    let left = load.inFlight - load.decoding
    let seconds = 0
    for (let i = list.length - 1; i >= 0 && left > 0; i--) {
      const change = list[i]!
      if (change.at >= since || change.requests < 0) continue
      seconds += change.seconds
      left -= 1
    }
    return Math.max(0, seconds - load.queuedSeconds) / 2
  }

  /** Work drains between the changes; of what was queued, as much has begun to decode as has drained. */
  function reckon(list: readonly Change[], since: number, now: number): void {
    let time = since
    let sent = 0
    let ended = 0
    load.queuedSeconds += underWay(list, since)
    let work = load.queuedSeconds
    for (const { at, requests, seconds, tokens } of list) {
      if (at < since) continue
      load.queuedSeconds = Math.max(0, load.queuedSeconds - (at - time)) + seconds
      load.inFlightTokens = Math.max(0, load.inFlightTokens + tokens)
      work += seconds
      time = at
      if (requests > 0) sent += 1
      else ended += 1
    }
    load.queuedSeconds = Math.max(0, load.queuedSeconds - (now - time))
    const begun = (load.inFlight - load.decoding + sent) * (work > 0 ? 1 - load.queuedSeconds / work : 1)
    load.inFlight = Math.max(0, load.inFlight + sent - ended)
    load.decoding = Math.min(load.inFlight, Math.max(0, load.decoding + begun - ended))
  }

  return {
    sent: (slot, at, seconds, tokens) => add(slot, { at, requests: 1, seconds, tokens }),
    ended: (slot, at, tokens) => add(slot, { at, requests: -1, seconds: 0, tokens: -tokens }),
    now({ slot, signals }, now) {
      load.queuedSeconds = signals.queuedSeconds
      load.inFlight = signals.inFlight
      load.decoding = signals.decoding
      load.inFlightTokens = signals.inFlightTokens
      if (signals.loadAge > 0) {
        needed = true
        reckon(changes.get(slot) ?? NONE, now - signals.loadAge, now)
      }
      return load
    },
  }
}
