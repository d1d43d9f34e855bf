import type { RequestRecord } from './request-record.ts'
import type { RequestColumns } from './result-schema.ts'

/** Turns records into columns, in the order of sending. */
export function toColumns(records: readonly RequestRecord[]): RequestColumns {
  const sorted = records.toSorted((a, b) => a.sent - b.sent)
  return {
    id: sorted.map((record) => record.id),
    session: sorted.map((record) => record.session),
    sent: sorted.map((record) => record.sent),
    lag: sorted.map((record) => record.lag),
    status: sorted.map((record) => record.status),
    error: sorted.map((record) => record.error),
    ttft: sorted.map((record) => record.ttft),
    tpot: sorted.map((record) => record.tpot),
    e2e: sorted.map((record) => record.e2e),
    promptTokens: sorted.map((record) => record.promptTokens),
    cachedTokens: sorted.map((record) => record.cachedTokens),
    outputTokens: sorted.map((record) => record.outputTokens),
    endpoint: sorted.map((record) => record.endpoint),
    reason: sorted.map((record) => record.reason),
    warmup: sorted.map((record) => record.warmup),
  }
}

/** Turns the columns of a result file back into records. */
export function toRecords(columns: RequestColumns): RequestRecord[] {
  return columns.id.map((id, i) => ({
    id,
    session: columns.session[i] ?? '',
    sent: columns.sent[i] ?? 0,
    lag: columns.lag[i] ?? 0,
    status: columns.status[i] ?? 0,
    error: columns.error[i] ?? null,
    ttft: columns.ttft[i] ?? null,
    tpot: columns.tpot[i] ?? null,
    e2e: columns.e2e[i] ?? null,
    promptTokens: columns.promptTokens[i] ?? null,
    cachedTokens: columns.cachedTokens[i] ?? null,
    outputTokens: columns.outputTokens[i] ?? null,
    endpoint: columns.endpoint[i] ?? null,
    reason: columns.reason[i] ?? null,
    warmup: columns.warmup[i] ?? false,
  }))
}
