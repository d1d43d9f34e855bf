import type { EndpointState } from '../core/endpoint-state.ts'

/** Longest time, in seconds, for which an endpoint is passed over because it asked for it. */
const LONGEST_REST = 30

/**
 * Endpoints that refused a request for load and said when to come back (Retry-After). Until then others are asked
 * first; where there is no other, it is asked all the same, since only it knows.
 */
export class RestingEndpoints {
  readonly #until = new Map<EndpointState, number>()

  /** Takes in the Retry-After of a refusal, in seconds from `now`. */
  rest(endpoint: EndpointState, seconds: number, now: number): void {
    if (seconds > 0) this.#until.set(endpoint, now + Math.min(seconds, LONGEST_REST))
  }

  isResting(endpoint: EndpointState, now: number): boolean {
    const until = this.#until.get(endpoint)
    return until !== undefined && now < until
  }

  /** Those that rest, with `others`; undefined where none rests. */
  withResting(others: ReadonlySet<EndpointState> | undefined, now: number): Set<EndpointState> | undefined {
    if (this.#until.size === 0) return undefined
    for (const [endpoint, until] of this.#until) if (now >= until) this.#until.delete(endpoint)
    if (this.#until.size === 0) return undefined
    return new Set([...(others ?? []), ...this.#until.keys()])
  }
}

/**
 * Seconds that a Retry-After header asks for: a number, or a date (RFC 9110, section 10.2.3); undefined for neither.
 * @param wallClock Milliseconds since the epoch.
 */
export function retryAfterSeconds(value: string | string[] | undefined, wallClock: number): number | undefined {
  const text = Array.isArray(value) ? value[0] : value
  if (text === undefined) return undefined
  if (/^\s*\d+\s*$/.test(text)) return Number(text)
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, (date - wallClock) / 1000)
}
