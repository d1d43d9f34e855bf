import type { Decision } from './decision.ts'
import type { RequestOutcome } from './outcome.ts'
import type { SchedulingRequest } from './request.ts'

/** What became of one client request; it holds no prompt text. Times are in seconds unless named otherwise. */
export interface RequestRecord {
  readonly requestId: string
  readonly route: string
  /** Model of the pool; undefined when no pool was found. */
  readonly model: string | undefined
  readonly streamed: boolean
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number
  /** From the arrival of the request line to the first dispatch: reading, understanding, deciding. */
  readonly queueSeconds: number | undefined
  /** From arrival to the first content token relayed. */
  readonly ttft: number | undefined
  /** From arrival to the end. */
  readonly e2e: number
  /** HTTP status the client got; 499 when it left before there was one. */
  readonly status: number
  /** Code of the gateway's own error, if that is what the client got. */
  readonly error: string | undefined
  /** Attempts made, i.e. endpoints tried. */
  readonly attempts: number
  /** The last attempt's decision. */
  readonly decision: Decision | undefined
  /** The last attempt's outcome. */
  readonly outcome: RequestOutcome | undefined
  /** Prediction and truth of the prefix match; undefined where the engine did not report what it had cached. */
  readonly reuse?: ReuseReport | undefined
}

/** What the index believed an endpoint to hold of a prompt, beside what the engine found; both in the engine's tokens. */
export interface ReuseReport {
  readonly predictedTokens: number
  readonly reportedTokens: number
}

/**
 * Compares a decision with its outcome. The decision counts in tokens estimated from the text; the engine's own count of
 * the prompt brings its match to the engine's scale.
 */
export function reuseReport(decision: Decision, outcome: RequestOutcome): ReuseReport | undefined {
  const { promptTokens, cachedTokens } = outcome.usage ?? {}
  if (outcome.kind !== 'finished' || promptTokens === undefined || cachedTokens === undefined) return undefined
  if (!(decision.promptTokens > 0)) return undefined
  const share = Math.min(1, decision.matchedTokens / decision.promptTokens)
  return { predictedTokens: share * promptTokens, reportedTokens: cachedTokens }
}

/** Is told of every decision and of the end of every request. Must be quick and must not throw. */
export interface RequestObserver {
  decided(decision: Decision): void
  /**
   * @param request What was asked, undefined where that was not understood. It leads to the client's message and socket:
   *   not to be kept.
   */
  ended(record: RequestRecord, request?: SchedulingRequest): void
  /** An attempt failed and another endpoint is tried; `reason` is from a closed set. */
  retried(decision: Decision, reason: string): void
}
