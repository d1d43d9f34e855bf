/** How often an endpoint is asked. Seconds. */
export interface PollPace {
  /** Between two polls while requests are waiting or running. */
  readonly busy: number
  /** Between two polls while there are none. */
  readonly idle: number
  /** Between two polls while requests are waiting or running and answers tell the load themselves. */
  readonly told: number
  /** After the first failure; doubles with each further one in a row. */
  readonly retry: number
  /** At most between two tries after failures. */
  readonly retryMost: number
  /** Until a route that is missing or switched off is looked for again. */
  readonly missing: number
  /** Until an endpoint that showed no sign of an engine is looked at again. */
  readonly detectAgain: number
  /** Age at which a reading of the load counts no more. */
  readonly forget: number
}

/**
 * Four polls a second where something happens: an engine's gauges change once per step, some 10 to 100 ms, and what this
 * router itself sends is known sooner from its own ledger. Where answers say how full the engine is, one a second is
 * enough for what they leave out.
 */
export const POLL_PACE: PollPace = {
  busy: 0.25,
  told: 1,
  idle: 2,
  retry: 1,
  retryMost: 30,
  missing: 60,
  detectAgain: 600,
  forget: 10,
}

/** Seconds until the next try after this many failures in a row. */
export function retryAfter({ retry, retryMost }: PollPace, failures: number): number {
  return Math.min(retryMost, retry * 2 ** Math.min(failures - 1, 30))
}
