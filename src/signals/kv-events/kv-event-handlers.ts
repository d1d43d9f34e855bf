import type { KvEventBatch } from './kv-event.ts'

/** Why messages are missing for good. */
export type LossReason = 'no-replay' | 'history-too-short' | 'replay-failed' | 'undecodable'

export interface Loss {
  readonly reason: LossReason
  /** Messages that are missing; undefined when nobody knows. */
  readonly missing: number | undefined
  /** The publisher's topic, as in `onBatch`. */
  readonly topic: string
}

export interface Silence {
  /** Seconds without a message. */
  readonly seconds: number
  /** Whether a connection to the publisher exists. */
  readonly connected: boolean
  readonly message: string
}

/** What kind of thing is wrong. */
export type ProblemKind = 'frames' | 'payload' | 'events' | 'connection' | 'replay' | 'gap' | 'handler'

export interface StreamProblem {
  readonly kind: ProblemKind
  /** What was expected, what was found, where, and what to do. */
  readonly message: string
}

/** What a subscriber tells its owner, in the order in which it became known. Calls do not overlap. */
export interface KvEventHandlers {
  /**
   * A batch, in the order of its publication, each exactly once. `topic` is that of the publisher where several dial in
   * to one socket, and empty otherwise.
   */
  onBatch(batch: KvEventBatch, topic: string): void
  /** The engine has a new process: nothing known about it holds any more. What follows is the new process's. */
  onRestarted(topic: string): void
  /** Messages are missing for good, so what is known may be wrong: forget it. What follows comes after the hole. */
  onLost(loss: Loss): void
  /**
   * Whether a connection exists: false when it breaks, since from then on nobody tells what the engine evicts or whether
   * it is still the same process; true when there is one again and the history, where it is kept, has been asked.
   */
  onConnected?(connected: boolean): void
  /** Events are expected and none come. Told once until one comes. */
  onSilent?(silence: Silence): void
  /** Something is wrong that a person must repair. Each kind is told once. */
  onProblem?(problem: StreamProblem): void
}
