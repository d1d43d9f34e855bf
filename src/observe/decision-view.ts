import { rankedCandidates, type Decision } from '../core/decision.ts'
import type { RequestRecord } from '../core/request-record.ts'

/** A decision as the admin interface shows it: everything that led to it, nothing of the prompt. */
export function decisionView(decision: Decision, record?: RequestRecord): object {
  return {
    request: decision.requestId,
    model: decision.model,
    policy: decision.policy.type,
    reason: decision.reason,
    endpoint: decision.endpoint,
    promptTokens: Math.round(decision.promptTokens),
    matchedTokens: Math.round(decision.matchedTokens),
    unit: decision.policy.unit,
    candidates: rankedCandidates(decision),
    ...(record === undefined ? {} : { outcome: outcomeView(record) }),
  }
}

function outcomeView(record: RequestRecord): object {
  return {
    arrived: new Date(record.arrivedAt).toISOString(),
    status: record.status,
    attempts: record.attempts,
    kind: record.outcome?.kind,
    queueSeconds: record.queueSeconds,
    ttftSeconds: record.ttft,
    e2eSeconds: record.e2e,
    outputTokens: record.outcome?.outputTokens,
    promptTokens: record.outcome?.usage?.promptTokens,
    predictedTokens: record.reuse === undefined ? undefined : Math.round(record.reuse.predictedTokens),
    cachedTokens: record.outcome?.usage?.cachedTokens,
  }
}
