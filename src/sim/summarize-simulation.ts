import { bootstrapMean } from '../stats/bootstrap.ts'
import type { Interval } from '../stats/interval.ts'
import { nearestRank } from '../stats/percentile.ts'
import { createSample, intervalOf, resample } from '../stats/resample.ts'
import type { ResampledFigures } from '../stats/resample.ts'
import type { Slo } from '../stats/slo.ts'
import { sortedStatistics } from '../stats/summary.ts'
import type { StatisticName } from '../stats/summary.ts'
import { createRandom } from '../workload/random.ts'
import { columnOf } from './matrix-columns.ts'
import type { RunColumns } from './matrix-columns.ts'
import { runFigures, timingNames } from './matrix-figures.ts'
import type { RunFigures, ScalarName, TimingName } from './matrix-figures.ts'
import type { ArmSummary, ScalarSummary, StatisticSummary, TimingSummary } from './report/simulation-schema.ts'

/** An arm of a cell: what reports show, and what comparing it with another arm needs. */
export interface ArmFigures {
  readonly summary: Omit<ArmSummary, 'label' | 'ratios'>
  readonly seeds: readonly RunFigures[]
  readonly resampled: Readonly<Record<TimingName, ResampledFigures>>
}

/** Levels at which the distribution of TTFT is kept: even steps, and closer ones towards the end. */
export const QUANTILE_LEVELS: readonly number[] = Array.from({ length: 49 }, (_, step) => (step * 2) / 100).concat([
  0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.998, 0.999, 1,
])

/** Seed of the resampling over seeds. */
const SEEDS_RANDOM = 11

/**
 * The figures of an arm with intervals over requests and over seeds. Arms with the same `draws` are resampled with the same
 * requests, which pairs them.
 * @param runs one per seed
 */
export function summarizeArm(runs: readonly RunColumns[], slos: readonly Slo[], draws: number): ArmFigures {
  const seeds = runs.map((run) => runFigures(run, slos))
  const units = runs.reduce((sum, run) => sum + run.requests, 0)
  const samples = timingNames.map((name) => createSample(pooled(runs, name, units)))
  const [ttft, tpot, e2e] = samples
  const [ttftDrawn, tpotDrawn, e2eDrawn] = resample(samples, units, createRandom(draws))
  if (!ttft || !tpot || !e2e || !ttftDrawn || !tpotDrawn || !e2eDrawn) throw new Error('expected three times')
  const resampled = { ttft: ttftDrawn, tpot: tpotDrawn, e2e: e2eDrawn }
  const timing = (name: TimingName, sorted: Float64Array) => summarizeTiming(name, sorted, resampled[name], seeds)
  const scalar = (name: ScalarName) => summarizeScalar(seeds.map(({ scalars }) => scalars[name]))
  return {
    summary: {
      requests: units,
      unfinished: units - e2e.sorted.length,
      ttft: timing('ttft', ttft.sorted),
      tpot: timing('tpot', tpot.sorted),
      e2e: timing('e2e', e2e.sorted),
      ttftQuantiles: ttft.sorted.length === 0 ? [] : QUANTILE_LEVELS.map((level) => quantile(ttft.sorted, level)),
      cachedShare: scalar('cachedShare'),
      goodput: slos.map((slo, index) => ({
        ...slo,
        share: summarizeScalar(seeds.map(({ goodput }) => goodput[index] ?? Number.NaN)),
      })),
      lengthScaledGoodput: scalar('lengthScaledGoodput'),
      requestsPerSecond: scalar('requestsPerSecond'),
      outputTokensPerSecond: scalar('outputTokensPerSecond'),
      busiestShare: scalar('busiestShare'),
      backlogVariation: scalar('backlogVariation'),
      evictedBlocks: scalar('evictedBlocks'),
      preemptions: scalar('preemptions'),
      retries: scalar('retries'),
    },
    seeds,
    resampled,
  }
}

/** A column of all runs one after the other; NaN where a request has no such time. */
function pooled(runs: readonly RunColumns[], name: TimingName, units: number): Float64Array {
  const values = new Float64Array(units)
  let at = 0
  for (const run of runs) {
    values.set(columnOf(run, name), at)
    at += run.requests
  }
  return values.map((value) => (Number.isFinite(value) ? value : Number.NaN))
}

function summarizeTiming(
  name: TimingName,
  sorted: Float64Array,
  resampled: ResampledFigures,
  seeds: readonly RunFigures[],
): TimingSummary | null {
  if (sorted.length === 0) return null
  const values = sortedStatistics(sorted)
  const random = createRandom(SEEDS_RANDOM)
  const entry = (statistic: StatisticName): StatisticSummary => ({
    value: values[statistic],
    requests: pairOrNull(intervalOf(resampled[statistic])),
    seeds: pairOrNull(bootstrapMean(known(seeds.map(({ timings }) => timings[name][statistic])), random)),
  })
  return { mean: entry('mean'), p50: entry('p50'), p90: entry('p90'), p95: entry('p95'), p99: entry('p99') }
}

/** The mean over seeds of a figure that whole runs have. */
export function summarizeScalar(figures: readonly number[]): ScalarSummary {
  const values = known(figures)
  return {
    value: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
    seeds: pairOrNull(bootstrapMean(values, createRandom(SEEDS_RANDOM))),
  }
}

/** An interval as reports hold it. */
export function pairOrNull(interval: Interval | undefined): [number, number] | null {
  return interval === undefined ? null : [interval.low, interval.high]
}

function known(values: readonly number[]): number[] {
  return values.filter(Number.isFinite)
}

function quantile(sorted: Float64Array, level: number): number {
  return sorted[level === 0 ? 0 : nearestRank(sorted.length, level * 100) - 1] ?? Number.NaN
}
