import { statistics } from '../stats/summary.ts'
import type { Statistics } from '../stats/summary.ts'
import type { RequestRecord } from './request-record.ts'

/** The times that are reported. */
export const timingNames = ['ttft', 'tpot', 'e2e'] as const

/** Name of a reported time. */
export type TimingName = (typeof timingNames)[number]

/** What was measured with one seed. */
export interface SeedRun {
  readonly seed: number
  readonly records: readonly RequestRecord[]
}

/** The figures of one seed; times in seconds, NaN where nothing was measured. */
export interface SeedFigures {
  readonly seconds: number
  readonly timings: Readonly<Record<TimingName, Statistics>>
  readonly requestsPerSecond: number
  readonly outputTokensPerSecond: number
  readonly cachedShare: number
  readonly busiestShare: number
  readonly errorShare: number
}

/** Requests that figures are made of: all that were not sent to warm up. */
export function measuredOf(records: readonly RequestRecord[]): RequestRecord[] {
  return records.filter((record) => !record.warmup)
}

/** The measured values of one time. */
export function timesOf(records: readonly RequestRecord[], name: TimingName): number[] {
  const times: number[] = []
  for (const record of records) {
    const time = record[name]
    if (time !== null) times.push(time)
  }
  return times
}

/** Seconds from the first measured request sent to the last one answered. */
export function spanOf(measured: readonly RequestRecord[]): number {
  let first = Infinity
  let last = 0
  for (const record of measured) {
    first = Math.min(first, record.sent)
    last = Math.max(last, record.sent + (record.e2e ?? 0))
  }
  return Math.max(0, last - first)
}

/** Prompt and cached tokens of the answers that reported both. */
export function cachedOf(records: readonly RequestRecord[]): { prompt: number; cached: number } {
  let prompt = 0
  let cached = 0
  for (const record of records) {
    if (record.error !== null || record.promptTokens === null || record.cachedTokens === null) continue
    prompt += record.promptTokens
    cached += record.cachedTokens
  }
  return { prompt, cached }
}

/** Answered requests by endpoint, the busiest first; requests without a named endpoint are left out. */
export function endpointCounts(records: readonly RequestRecord[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { endpoint, error } of records) {
    if (endpoint !== null && error === null) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1)
  }
  return new Map([...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1)))
}

/** Computes the figures of one seed. */
export function seedFigures(records: readonly RequestRecord[]): SeedFigures {
  const measured = measuredOf(records)
  const answered = measured.filter((record) => record.error === null)
  const seconds = spanOf(measured)
  const { prompt, cached } = cachedOf(measured)
  const counts = [...endpointCounts(measured).values()]
  const named = counts.reduce((sum, count) => sum + count, 0)
  const outputTokens = answered.reduce((sum, record) => sum + (record.outputTokens ?? 0), 0)
  return {
    seconds,
    timings: {
      ttft: statistics(timesOf(measured, 'ttft')),
      tpot: statistics(timesOf(measured, 'tpot')),
      e2e: statistics(timesOf(measured, 'e2e')),
    },
    requestsPerSecond: seconds > 0 ? answered.length / seconds : 0,
    outputTokensPerSecond: seconds > 0 ? outputTokens / seconds : 0,
    cachedShare: prompt > 0 ? cached / prompt : Number.NaN,
    busiestShare: named > 0 ? (counts[0] ?? 0) / named : Number.NaN,
    errorShare: measured.length > 0 ? 1 - answered.length / measured.length : Number.NaN,
  }
}
