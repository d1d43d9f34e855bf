import type { Decision } from '../core/decision.ts'
import type { RequestRecord } from '../core/request-record.ts'

/** A decision, and what became of its request once that is known. */
export interface LoggedDecision {
  readonly decision: Decision
  readonly record: RequestRecord | undefined
}

interface Entry {
  readonly decision: Decision
  record: RequestRecord | undefined
}

/** The last decisions, oldest overwritten first. It holds no prompt text. */
export class DecisionLog {
  readonly #ring: Entry[] = []
  readonly #size: number
  #next = 0

  constructor(size = 1000) {
    this.#size = size
  }

  add(decision: Decision): void {
    this.#ring[this.#next] = { decision, record: undefined }
    this.#next = (this.#next + 1) % this.#size
  }

  /** Notes how the request of a decision ended, if the decision is still remembered. */
  settle(record: RequestRecord): void {
    for (let back = 1; back <= this.#ring.length; back++) {
      const entry = this.#entry(back)
      if (entry === undefined || entry.decision !== record.decision) continue
      entry.record = record
      return
    }
  }

  /** The last `limit` decisions, newest first. */
  newest(limit: number): LoggedDecision[] {
    const count = Math.min(limit, this.#ring.length)
    return Array.from({ length: count }, (_, i) => this.#entry(i + 1)).filter((entry) => entry !== undefined)
  }

  #entry(back: number): Entry | undefined {
    return this.#ring[(this.#next - back + this.#ring.length) % this.#ring.length]
  }
}
