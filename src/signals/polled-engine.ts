import { overlay, UNKNOWN_READING, type EngineReading } from './metrics/engine-reading.ts'
import type { EngineTable } from './metrics/engine-table.ts'
import type { PollPace } from './poll-pace.ts'
import { PolledRoute } from './polled-route.ts'

/** What is known about an engine, and how old it is. */
export interface EngineState {
  readonly reading: EngineReading
  /** Seconds since the newest load in the reading was asked for; Infinity when it holds none. */
  readonly age: number
  /** When the newest load that was polled was asked for; -Infinity when the reading holds none. */
  readonly polledAt: number
}

/** What the routes of one engine told, put together, and which of them are to be asked next. Times are in seconds. */
export class PolledEngine {
  readonly table: EngineTable
  readonly routes: readonly PolledRoute[]
  readonly #pace: PollPace
  #inBand: { readonly reading: Partial<EngineReading>; readonly at: number } | undefined

  constructor(table: EngineTable, pace: PollPace) {
    this.table = table
    this.#pace = pace
    this.routes = table.routes.map((route) => new PolledRoute(route, pace))
  }

  /** Load that is too old is left out; facts stay. */
  state(now: number): EngineState {
    let reading = UNKNOWN_READING
    let newest = Number.NEGATIVE_INFINITY
    for (const { route, last } of this.routes) {
      if (last === undefined) continue
      const isLoad = route.kind === 'load'
      if (isLoad && now - last.at > this.#pace.forget) continue
      reading = overlay(reading, last.reading)
      if (isLoad) newest = Math.max(newest, last.at)
    }
    const polledAt = newest
    const inBand = this.#inBand
    if (inBand !== undefined && inBand.at > newest && now - inBand.at <= this.#pace.forget) {
      reading = overlay(reading, inBand.reading)
      newest = inBand.at
    }
    return { reading, age: now - newest, polledAt }
  }

  /** Takes in the load that came with an answer. */
  inBand(reading: Partial<EngineReading>, at: number): void {
    this.#inBand = { reading, at }
  }

  /** The routes to ask now. `busy` is true when the router has requests there, whatever the engine said last. */
  dueNow(now: number, busy: boolean): PolledRoute[] {
    const interval = this.#interval(now, busy)
    return this.routes.filter((polled) => this.#dueAt(polled, interval) <= now)
  }

  /** When the next route is due. */
  nextDue(now: number, busy: boolean): number {
    const interval = this.#interval(now, busy)
    return Math.min(...this.routes.map((polled) => this.#dueAt(polled, interval)))
  }

  #dueAt(polled: PolledRoute, interval: number): number {
    const idle = interval !== this.#pace.busy
    if (idle && polled.route.wakes === true && polled.answers) return Number.POSITIVE_INFINITY
    const spared = this.#spared(polled)
    const due = polled.dueAt(interval, spared)
    if (idle || polled.route.kind !== 'load' || this.#inBand === undefined) return due
    // Load that came with an answer puts a poll off until the next one is overdue: answers are asked as often as polls are.
    return Math.max(due, Math.min(polled.dueAt(this.#pace.told, spared), this.#inBand.at + 2 * interval))
  }

  #interval(now: number, busy: boolean): number {
    const { waiting, running } = this.state(now).reading
    return busy || (waiting ?? 0) + (running ?? 0) > 0 ? this.#pace.busy : this.#pace.idle
  }

  #spared({ route: { spare } }: PolledRoute): boolean {
    const other = this.routes.find(({ route }) => route.path === spare?.path)
    return other !== undefined && (other.answers || !other.tried)
  }
}
