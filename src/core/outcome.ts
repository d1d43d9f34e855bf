/** How an attempt ended. */
export type OutcomeKind =
  /** The answer was relayed to its end. */
  | 'finished'
  /** The endpoint failed, before or after its first byte. */
  | 'failed'
  /** The endpoint refused for load, which is no illness. */
  | 'refused'
  /** The client went away. */
  | 'aborted'

/** What an engine said about its own work, in tokens; absent where it said nothing. */
export interface ReportedUsage {
  readonly promptTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  readonly completionTokens?: number | undefined
}

/** What was observed of one attempt, times in seconds from the moment it was sent. */
export interface RequestOutcome {
  readonly kind: OutcomeKind
  /** First content token, undefined when none was seen. */
  readonly ttft: number | undefined
  /** End of the answer. */
  readonly e2e: number
  /** Tokens of the answer: the engine's count, else the number of streamed events. */
  readonly outputTokens: number
  readonly usage: ReportedUsage | undefined
}
