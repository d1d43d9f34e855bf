import type { BlockHash } from '../../signals/kv-events/block-hash.ts'
import { encodeTensorrtLlmPull } from '../../signals/kv-events/encode-tensorrt-llm.ts'
import { type KvEvent, PLAIN_REMOVAL } from '../../signals/kv-events/kv-event.ts'

/** Written as the `created` event with which the numbers of a process begin. */
const CREATED: KvEvent = { type: 'all-blocks-cleared', ownership: undefined }

interface Numbered {
  readonly id: number
  readonly event: KvEvent
}

/** TensorRT-LLM's buffer of events that somebody fetches: the oldest are lost when nobody does, which the numbers show. */
export class PulledEvents {
  readonly #most: number
  readonly #rank: number | undefined
  /** A cache is emptied block by block here. */
  readonly #held = new Set<BlockHash>()
  #events: Numbered[] = []
  #next = 0
  #gap = 0

  constructor(rank: number | undefined, most = 65_536) {
    this.#rank = rank
    this.#most = most
    this.#push(CREATED)
  }

  add(events: readonly KvEvent[]): void {
    for (const event of events) {
      if (event.type === 'all-blocks-cleared') {
        if (this.#held.size > 0) this.#push({ type: 'blocks-removed', blockHashes: [...this.#held], ...PLAIN_REMOVAL })
        this.#held.clear()
        continue
      }
      for (const hash of event.blockHashes) {
        if (event.type === 'blocks-stored') this.#held.add(hash)
        else this.#held.delete(hash)
      }
      this.#push(event)
    }
    this.#events.splice(0, Math.max(0, this.#events.length - this.#most))
  }

  /** The next so many events get numbers, but nobody gets them. */
  gap(events: number): void {
    this.#gap += events
  }

  /** The events as JSON, which are then gone: one reader gets them. */
  drain(): string {
    const entries = this.#events.map(({ id, event }) => encodeTensorrtLlmPull([event], id, this.#rank).slice(1, -1))
    this.#events = []
    return `[${entries.join(',')}]`
  }

  /** Numbers begin at 0 again. */
  restart(): void {
    this.#held.clear()
    this.#events = []
    this.#next = this.#gap = 0
    this.#push(CREATED)
  }

  #push(event: KvEvent): void {
    const id = this.#next++
    if (this.#gap > 0) this.#gap--
    else this.#events.push({ id, event })
  }
}
