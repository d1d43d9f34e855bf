import type { EngineReading } from './metrics/engine-reading.ts'
import type { EngineRoute } from './metrics/engine-table.ts'
import { retryAfter, type PollPace } from './poll-pace.ts'

/** One route of an endpoint: when it is asked next, and what it told last. Times are in seconds. */
export class PolledRoute {
  readonly route: EngineRoute
  /** The last answer that told something, and when it was asked for. */
  last: { readonly reading: Partial<EngineReading>; readonly at: number } | undefined
  /** True while the last request was answered with something that could be read. */
  answers = false
  /** True when it cannot be read or is missing now, and could be read once. */
  lost = false
  /** True once it has been asked, whatever came of it. */
  tried = false
  /** True while a request is under way. */
  asking = false
  readonly #pace: PollPace
  #askedAt = Number.NEGATIVE_INFINITY
  #everAnswered = false
  #failures = 0
  #notBefore = Number.NEGATIVE_INFINITY

  constructor(route: EngineRoute, pace: PollPace) {
    this.route = route
    this.#pace = pace
  }

  /**
   * When the route is due; Infinity for not at all.
   *
   * @param interval Seconds between two polls of the load now.
   * @param spared True while the route answers that this one stands in for, or is still to be tried.
   */
  dueAt(interval: number, spared: boolean): number {
    const { kind, every, spare } = this.route
    if (this.asking) return Number.POSITIVE_INFINITY
    const gap = spared && spare !== undefined ? spare.every : every
    const next = this.#askedAt + (kind === 'load' ? Math.max(gap, interval) : gap)
    // Never asked plus never to be asked is no number.
    return Math.max(this.#notBefore, gap === Number.POSITIVE_INFINITY ? gap : next)
  }

  /** It told something, or that nothing has changed (`reading` undefined). */
  succeeded(reading: Partial<EngineReading> | undefined, askedAt: number): void {
    this.tried = true
    if (reading !== undefined) this.last = { reading, at: askedAt }
    this.answers = true
    this.#everAnswered = true
    this.lost = false
    this.#askedAt = askedAt
    this.#failures = 0
    this.#notBefore = Number.NEGATIVE_INFINITY
  }

  /** No answer, or none for now; what was known is kept and ages. */
  failed(now: number): void {
    this.tried = true
    this.answers = false
    this.#failures += 1
    this.#notBefore = now + retryAfter(this.#pace, this.#failures)
  }

  /** The answer is of no use: what was known is known no more. */
  useless(now: number): void {
    this.lost = this.#everAnswered
    this.failed(now)
    this.last = undefined
  }

  /** The engine does not have the route, or not switched on. */
  missing(now: number): void {
    this.tried = true
    this.lost = this.#everAnswered
    this.answers = false
    this.last = undefined
    this.#failures = 0
    this.#notBefore = now + this.#pace.missing
  }
}
