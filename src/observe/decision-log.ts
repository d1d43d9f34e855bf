import type { Decision } from '../core/decision.ts'
import type { RequestRecord } from '../core/request-record.ts'

/** A decision, and what became of its request once that is known. */
export interface LoggedDecision {
  readonly decision: Decision
  readonly record: RequestRecord | undefined
}

/** The last decisions, oldest forgotten first. It holds no prompt text. */
export class DecisionLog {
  readonly #entries = new Map<Decision, RequestRecord | undefined>()
  readonly #size: number

  constructor(size = 1000) {
    this.#size = size
  }

  add(decision: Decision): void {
    this.#entries.set(decision, undefined)
    if (this.#entries.size <= this.#size) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  /** Notes how the request of a decision ended, if the decision is still remembered. */
  settle(record: RequestRecord): void {
    if (record.decision !== undefined && this.#entries.has(record.decision)) this.#entries.set(record.decision, record)
  }

  /** The last `limit` decisions, newest first. */
  newest(limit: number): LoggedDecision[] {
    return [...this.#entries]
      .slice(-limit)
      .reverse()
      .map(([decision, record]) => ({ decision, record }))
  }
}
