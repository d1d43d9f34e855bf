import { countPromptTokens } from './workload.ts'
import type { PromptMessage, WorkloadRequest } from './workload.ts'

/** Collects the requests of a session in which conversations part and meet again. */
export class SessionBuilder {
  readonly requests: WorkloadRequest[] = []
  readonly #think: number
  readonly #outputTokens: number
  readonly #turns = new Map<string, number>()

  /** `think` is the time in seconds between the requests before and one that follows them. */
  constructor(think: number, outputTokens: number) {
    this.#think = think
    this.#outputTokens = outputTokens
  }

  /** Adds a request of a conversation that comes after those at `after`; returns its place in the session. */
  add(conversation: string, messages: readonly PromptMessage[], after: readonly number[]): number {
    const turn = this.#turns.get(conversation) ?? 0
    this.#turns.set(conversation, turn + 1)
    return (
      this.requests.push({
        id: `${conversation}:${turn}`,
        session: conversation,
        turn,
        ...(after.length === 0 ? { offset: 0 } : {}),
        after,
        think: after.length === 0 ? 0 : this.#think,
        messages: [...messages],
        promptTokens: countPromptTokens(messages),
        outputTokens: this.#outputTokens,
      }) - 1
    )
  }
}
