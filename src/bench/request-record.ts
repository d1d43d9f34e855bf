import type { WorkloadRequest } from '../workload/workload.ts'
import type { CallOutcome } from './stream-call.ts'

/** What was measured of one request. Times are seconds on the engines' clock (wall seconds times the time scale). */
export interface RequestRecord {
  readonly id: string
  readonly session: string
  /** Since the start of the run. */
  readonly sent: number
  /** How much later than planned the client sent it. */
  readonly lag: number
  readonly status: number
  /** Kind of error, null for an answer that counts. */
  readonly error: string | null
  readonly ttft: number | null
  readonly tpot: number | null
  readonly e2e: number | null
  readonly promptTokens: number | null
  readonly cachedTokens: number | null
  readonly outputTokens: number | null
  readonly endpoint: string | null
  readonly reason: string | null
  /** Sent to warm up and left out of every figure. */
  readonly warmup: boolean
}

/** When a request was sent, in wall milliseconds since the start of the run. */
export interface SendTimes {
  readonly sentMs: number
  readonly dueMs: number
}

/**
 * Turns an outcome into a record. A failed request has no times: a quick error is not a quick answer.
 * TPOT is (E2E - TTFT) / (output tokens - 1); output tokens are the engine's count, else the number of content events.
 */
export function toRecord(
  request: WorkloadRequest,
  outcome: CallOutcome,
  times: SendTimes,
  timeScale: number,
  warmup: boolean,
): RequestRecord {
  const seconds = (ms: number) => Math.round(ms * timeScale * 1000) / 1_000_000
  const { usage } = outcome
  return {
    id: request.id,
    session: request.session,
    sent: seconds(times.sentMs),
    lag: seconds(Math.max(0, times.sentMs - times.dueMs)),
    status: outcome.status,
    error: outcome.error?.kind ?? null,
    ...answerFigures(outcome, seconds),
    promptTokens: usage?.promptTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
    endpoint: outcome.endpoint ?? null,
    reason: outcome.reason ?? null,
    warmup,
  }
}

function answerFigures(outcome: CallOutcome, seconds: (ms: number) => number) {
  const { firstTokenMs, totalMs } = outcome
  if (outcome.error !== undefined || firstTokenMs === undefined) {
    return { ttft: null, tpot: null, e2e: null, outputTokens: null }
  }
  const outputTokens = outcome.usage?.outputTokens ?? outcome.contentEvents
  return {
    ttft: seconds(firstTokenMs),
    tpot: outputTokens > 1 ? seconds((totalMs - firstTokenMs) / (outputTokens - 1)) : null,
    e2e: seconds(totalMs),
    outputTokens,
  }
}
