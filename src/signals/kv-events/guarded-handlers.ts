import type { KvEventHandlers, Loss, ProblemKind, Silence } from './kv-event-handlers.ts'
import type { KvEventBatch } from './kv-event.ts'

/** Calls an owner's handlers: a fault of one does not end the stream, each kind of problem is told once. */
export class GuardedHandlers {
  readonly #handlers: KvEventHandlers
  readonly #where: string
  readonly #told = new Set<ProblemKind>()
  #closed = false

  /** `where` stands before each problem: the endpoint and the address. */
  constructor(handlers: KvEventHandlers, where: string) {
    this.#handlers = handlers
    this.#where = where
  }

  batch(batch: KvEventBatch, topic: string): void {
    if (this.#closed) return
    try {
      this.#handlers.onBatch(batch, topic)
    } catch (error) {
      this.#faulty('onBatch', error)
    }
  }

  restarted(topic: string): void {
    this.#call('onRestarted', () => this.#handlers.onRestarted(topic))
  }

  lost(loss: Loss): void {
    this.#call('onLost', () => this.#handlers.onLost(loss))
  }

  connected(connected: boolean): void {
    this.#call('onConnected', () => this.#handlers.onConnected?.(connected))
  }

  silent(silence: Silence): void {
    const message = `${this.#where}: ${silence.message}`
    this.#call('onSilent', () => this.#handlers.onSilent?.({ ...silence, message }))
  }

  problem(kind: ProblemKind, message: string): void {
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    this.#call('onProblem', () => this.#handlers.onProblem?.({ kind, message: `${this.#where}: ${message}` }))
  }

  /** From now on nothing is called. */
  close(): void {
    this.#closed = true
  }

  #call(name: string, call: () => void): void {
    if (this.#closed) return
    try {
      call()
    } catch (error) {
      this.#faulty(name, error)
    }
  }

  #faulty(name: string, error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.problem('handler', `the handler ${name} must not throw, but did (the stream goes on): ${why}`)
  }
}
