import { bootstrapMean, bootstrapStatistics } from '../stats/bootstrap.ts'
import type { Interval } from '../stats/interval.ts'
import type { Slo } from '../stats/slo.ts'
import { statisticNames, statistics } from '../stats/summary.ts'
import type { StatisticName } from '../stats/summary.ts'
import { createRandom } from '../workload/random.ts'
import { cachedOf, endpointCounts, measuredOf, seedFigures, timesOf } from './seed-figures.ts'
import type { SeedFigures, SeedRun, TimingName } from './seed-figures.ts'
import type { RequestRecord } from './request-record.ts'
import type { BenchSummary, TimingSummary } from './result-schema.ts'

/** Seed of the bootstrap, so that the same measurements always give the same intervals. */
const BOOTSTRAP_SEED = 1

/** Computes every figure of a result from what was measured. */
export function summarize(runs: readonly SeedRun[], slos: readonly Slo[]): BenchSummary {
  const measured = runs.flatMap((run) => measuredOf(run.records))
  const total = runs.reduce((sum, run) => sum + run.records.length, 0)
  const answered = measured.filter((record) => record.error === null)
  const figures = runs.map((run) => seedFigures(run.records))
  const { prompt, cached } = cachedOf(measured)
  const seconds = figures.reduce((sum, seed) => sum + seed.seconds, 0)
  return {
    requests: {
      measured: measured.length,
      ok: answered.length,
      failed: measured.length - answered.length,
      warmup: total - measured.length,
    },
    errors: errorCounts(measured),
    ttft: timing('ttft', measured, figures),
    tpot: timing('tpot', measured, figures),
    e2e: timing('e2e', measured, figures),
    requestsPerSecond: meanOf(figures, (seed) => seed.requestsPerSecond) ?? 0,
    outputTokensPerSecond: meanOf(figures, (seed) => seed.outputTokensPerSecond) ?? 0,
    promptTokens: answered.reduce((sum, record) => sum + (record.promptTokens ?? 0), 0),
    cachedTokens: cached,
    outputTokens: answered.reduce((sum, record) => sum + (record.outputTokens ?? 0), 0),
    cachedShare: prompt > 0 ? cached / prompt : null,
    endpoints: Object.fromEntries(endpointCounts(measured)),
    busiestShare: meanOf(figures, (seed) => seed.busiestShare),
    goodput: slos.map((slo) => goodput(slo, measured, seconds)),
    lagP99: measured.length === 0 ? 0 : statistics(measured.map((record) => record.lag)).p99,
  }
}

function timing(
  name: TimingName,
  measured: readonly RequestRecord[],
  figures: readonly SeedFigures[],
): TimingSummary | null {
  const values = timesOf(measured, name)
  if (values.length === 0) return null
  const pooled = statistics(values)
  const random = createRandom(BOOTSTRAP_SEED)
  const overRequests = bootstrapStatistics(values, random)
  const entry = (statistic: StatisticName) => {
    const seeds = figures.map((seed) => seed.timings[name][statistic]).filter((value) => !Number.isNaN(value))
    return {
      value: pooled[statistic],
      requests: pair(overRequests[statistic]),
      seeds: pairOrNull(bootstrapMean(seeds, random)),
    }
  }
  const [mean, p50, p90, p95, p99] = statisticNames.map(entry)
  if (mean === undefined || p50 === undefined || p90 === undefined || p95 === undefined || p99 === undefined)
    return null
  return { mean, p50, p90, p95, p99 }
}

function goodput(slo: Slo, measured: readonly RequestRecord[], seconds: number): BenchSummary['goodput'][number] {
  // An answer of one token has no TPOT and cannot break its limit.
  const good = measured.filter(
    (record) => record.ttft !== null && record.ttft <= slo.ttft && (record.tpot === null || record.tpot <= slo.tpot),
  ).length
  return {
    ...slo,
    share: measured.length === 0 ? 0 : good / measured.length,
    requestsPerSecond: seconds > 0 ? good / seconds : 0,
  }
}

function errorCounts(records: readonly RequestRecord[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { error } of records) if (error !== null) counts[error] = (counts[error] ?? 0) + 1
  return counts
}

function meanOf(figures: readonly SeedFigures[], read: (seed: SeedFigures) => number): number | null {
  const known = figures.map(read).filter((value) => !Number.isNaN(value))
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function pair(interval: Interval): [number, number] {
  return [interval.low, interval.high]
}

function pairOrNull(interval: Interval | undefined): [number, number] | null {
  return interval === undefined ? null : pair(interval)
}
