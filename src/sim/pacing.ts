import type { WorkloadSession } from '../workload/workload.ts'
import type { PlannedRequest, PreparedWorkload } from './prepared-workload.ts'

/** Is told when a request is due, in virtual seconds. */
export type Due = (request: number, at: number) => void

/**
 * Says when each request of a workload is due, as its pacing wants it (see `Pacing`): at its recorded time, or when the
 * requests before it have ended and the think time is over; under closed pacing a session opens when another has ended.
 */
export class RequestPacing {
  readonly #requests: readonly PlannedRequest[]
  readonly #sessions: readonly WorkloadSession[]
  readonly #firsts: readonly number[]
  readonly #open: boolean
  readonly #closed: boolean
  readonly #due: Due
  /** By request: how many others it still waits for. */
  readonly #waitsFor: Int32Array
  /** By session: requests that have not ended. */
  readonly #left: Int32Array
  #nextSession = 0

  constructor({ workload, requests }: PreparedWorkload, due: Due) {
    const { sessions, pacing } = workload
    this.#requests = requests
    this.#sessions = sessions
    this.#open = pacing === 'open'
    this.#closed = pacing === 'closed'
    this.#due = due
    this.#waitsFor = Int32Array.from(requests, ({ recorded }) =>
      this.#timed(recorded.offset) ? 0 : recorded.after.length,
    )
    this.#left = Int32Array.from(sessions, (session) => session.requests.length)
    let first = 0
    this.#firsts = sessions.map((session) => (first += session.requests.length) - session.requests.length)
  }

  /** Opens the sessions that do not wait for others: all, or `concurrency` of them under closed pacing. */
  begin(concurrency: number): void {
    const count = this.#closed ? Math.min(concurrency, this.#sessions.length) : this.#sessions.length
    while (this.#nextSession < count) this.#openNext(0)
  }

  /** A request has ended. */
  ended(number: number, at: number): void {
    const { followers, session } = this.#requests[number]!
    for (const follower of followers) {
      const { recorded } = this.#requests[follower]!
      if (!this.#timed(recorded.offset) && --this.#waitsFor[follower]! === 0) this.#due(follower, at + recorded.think)
    }
    if (--this.#left[session]! === 0 && this.#closed) this.#openNext(at)
  }

  /** Opens the next session that has requests. */
  #openNext(at: number): void {
    const number = this.#nextSession++
    const session = this.#sessions[number]
    if (session === undefined) return
    const opens = this.#closed ? at : session.start
    const first = this.#firsts[number]!
    for (const [place, { offset, think }] of session.requests.entries()) {
      if (this.#timed(offset)) this.#due(first + place, opens + (offset ?? 0))
      else if (this.#waitsFor[first + place] === 0) this.#due(first + place, opens + think)
    }
    if (session.requests.length === 0 && this.#closed) this.#openNext(at)
  }

  /** True when a request comes at its recorded time, whatever became of others. */
  #timed(offset: number | undefined): boolean {
    return this.#open && offset !== undefined
  }
}
