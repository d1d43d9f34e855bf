import type { AnswerSummary } from './answer-summary.ts'

/** Watches an answer nobody here can read: its first content is its first byte, and it ends where it ends. */
export class OpaqueMeter {
  readonly errorEvent = undefined
  #begun = false

  chunk(bytes: Uint8Array): boolean {
    if (this.#begun || bytes.length === 0) return false
    this.#begun = true
    return true
  }

  finish(): AnswerSummary {
    return { events: 0, usage: undefined, finished: true }
  }
}
