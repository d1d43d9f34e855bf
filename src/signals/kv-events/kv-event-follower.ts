import type { SubscriberCounts } from './subscriber-options.ts'

/** Follows the KV events of one engine, whichever way they come, until it is disposed. */
export interface KvEventFollower extends Disposable {
  /** What was seen so far. */
  readonly counts: Readonly<SubscriberCounts>
  /** Whether the engine can be heard: a connection exists, or the last request for events was answered. */
  readonly connected: boolean
}
