import { encodeTensorrtLlmPull } from '../../signals/kv-events/encode-tensorrt-llm.ts'
import type { KvEvent } from '../../signals/kv-events/kv-event.ts'

/** TensorRT-LLM's buffer of events that somebody fetches: the oldest are lost when nobody does, which the numbers show. */
export class PulledEvents {
  readonly #most: number
  readonly #rank: number | undefined
  #events: KvEvent[] = []
  #firstId = 0

  constructor(rank: number | undefined, most = 65_536) {
    this.#rank = rank
    this.#most = most
  }

  add(events: readonly KvEvent[]): void {
    this.#events.push(...events)
    const lost = this.#events.length - this.#most
    if (lost <= 0) return
    this.#events.splice(0, lost)
    this.#firstId += lost
  }

  /** The events as JSON, which are then gone: one reader gets them. */
  drain(): string {
    const events = this.#events
    const json = encodeTensorrtLlmPull(events, this.#firstId, this.#rank)
    this.#firstId += events.length
    this.#events = []
    return json
  }

  /** Numbers begin at 0 again. */
  restart(): void {
    this.#events = []
    this.#firstId = 0
  }
}
