/** Times in seconds. */
export interface PullPace {
  /** Between two requests when an answer was long: more is waiting, and the engine keeps only so much. */
  readonly full: number
  /** Between two requests while the endpoint serves or events come. */
  readonly busy: number
  /** Between two requests while neither is so: then it evicts nothing either. */
  readonly idle: number
  /** After a request that failed; doubled each time, up to `retryMost`. */
  readonly retry: number
  readonly retryMost: number
}

export const PULL_PACE: PullPace = { full: 0.1, busy: 0.25, idle: 1, retry: 0.5, retryMost: 10 }

/** Entries of an answer that counts as long. */
const MANY = 256

/** Seconds until the next request, by what the last one brought and how many failed in a row. */
export function pullPause(pace: PullPace, entries: number, failures: number, busy: boolean): number {
  if (failures > 0) return Math.min(pace.retryMost, pace.retry * 2 ** (failures - 1))
  if (entries >= MANY) return pace.full
  return busy || entries > 0 ? pace.busy : pace.idle
}
