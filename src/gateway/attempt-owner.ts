import type { ServerResponse } from 'node:http'
import type { Choice } from '../core/scheduler.ts'
import type { ReportedUsage, RequestOutcome } from '../core/outcome.ts'
import type { Route } from '../protocol/route.ts'
import type { EngineRequest } from './engine-request.ts'
import type { FailureReason } from './retry-rule.ts'
import type { Upstream } from './upstream.ts'

/** An attempt as its owner sees it. */
export interface AttemptView {
  readonly choice: Choice
  readonly upstream: Upstream
  readonly sent: EngineRequest
  /** HTTP status that the client got, 0 before it got one. */
  readonly status: number
}

/** What an attempt needs of the exchange it belongs to. */
export interface AttemptOwner {
  readonly route: Route
  readonly response: ServerResponse
  /** Seconds for which a stream that has generated nothing may be held back; 0 for none. */
  readonly holdHead: number
  /** Monotonic clock in seconds. */
  clock(): number
  /** Adds Kvasir's headers to those of the engine's answer, a flat name, value list. */
  addHeaders(headers: string[], choice: Choice): void
  /** True when another endpoint may be tried in place of this one that failed for `reason`. */
  mayFailOver(attempt: AttemptView, reason: FailureReason): boolean
  /** The endpoint refused for load and said when to come back. */
  restWanted(attempt: AttemptView, retryAfter: string | string[]): void
  /** The endpoint said its load in a header of its answer. */
  loadTold(attempt: AttemptView, header: string): void
  /** What the engine's usage means, given what this engine reports and what it leaves out. */
  understoodUsage(attempt: AttemptView, usage: ReportedUsage | undefined): ReportedUsage | undefined
  /** The attempt failed before the client saw anything of it; `error` is absent when it was the answer's status. */
  failed(attempt: AttemptView, reason: FailureReason, error?: Error): void
  /** The answer has gone to the client, but is none that an engine gives, or is cut off. */
  unreadable(attempt: AttemptView): void
  /** The first content token was relayed. */
  firstToken(): void
  /**
   * The attempt is over and its answer (or the break of it) has reached the client.
   * @param fault What the endpoint is to blame for.
   */
  completed(attempt: AttemptView, outcome: RequestOutcome, fault?: FailureReason): void
}
