import { comparePaired, compareSeeds, compareUnpaired, verdict } from '../stats/compare.ts'
import type { Ratios } from '../stats/compare.ts'
import type { Interval } from '../stats/interval.ts'
import { statisticNames } from '../stats/summary.ts'
import type { StatisticName } from '../stats/summary.ts'
import { createRandom } from '../workload/random.ts'
import type { Random } from '../workload/random.ts'
import { toRecords } from './request-columns.ts'
import type { BenchResult } from './result-schema.ts'
import { measuredOf, seedFigures, timesOf, timingNames } from './seed-figures.ts'
import type { SeedFigures, SeedRun, TimingName } from './seed-figures.ts'

/** One figure of an arm against the same figure of the base. */
export interface Comparison {
  readonly figure: string
  readonly kind: 'seconds' | 'rate' | 'share'
  readonly base: number
  readonly arm: number
  /** `arm / base`. */
  readonly ratio: number
  /** Over requests; absent for figures that only a whole run has. */
  readonly requests: Interval | undefined
  /** Over seeds that both arms ran; absent with fewer than two. */
  readonly seeds: Interval | undefined
  /** `unknown` where there is no interval to judge by. */
  readonly verdict: 'lower' | 'higher' | 'no difference' | 'unknown'
}

/** All figures of an arm against a base, and whether requests could be compared one by one. */
export interface ArmComparison {
  readonly label: string
  readonly paired: boolean
  readonly comparisons: readonly Comparison[]
}

const COMPARE_SEED = 2
/** Pairs must cover this share of the smaller arm, else the arms ran different requests. */
const MIN_PAIRED = 0.8

const scalars = [
  ['requests/s', 'rate', 'requestsPerSecond'],
  ['output tokens/s', 'rate', 'outputTokensPerSecond'],
  ['cached share', 'share', 'cachedShare'],
  ['busiest endpoint', 'share', 'busiestShare'],
  ['error share', 'share', 'errorShare'],
] as const

/** Compares an arm with the base, figure by figure. */
export function compareResults(base: BenchResult, arm: BenchResult): ArmComparison {
  const random = createRandom(COMPARE_SEED)
  const baseRuns = runsOf(base)
  const armRuns = runsOf(arm)
  const seeds = commonSeeds(baseRuns, armRuns)
  const samples = timingNames.map((name) => ({ name, ...samplePairs(baseRuns, armRuns, name) }))
  const comparisons = samples.flatMap(({ name, baseValues, armValues, paired }) => {
    if (baseValues.length === 0 || armValues.length === 0) return []
    const compare = paired ? comparePaired : compareUnpaired
    return timingComparisons(name, base, arm, compare(baseValues, armValues, random), seeds, random)
  })
  return {
    label: arm.label,
    paired: samples.every((sample) => sample.paired),
    comparisons: [
      ...comparisons,
      ...scalars.map((scalar) => scalarComparison(scalar, baseRuns, armRuns, seeds, random)),
    ],
  }
}

function timingComparisons(
  name: TimingName,
  base: BenchResult,
  arm: BenchResult,
  ratios: Ratios,
  seeds: readonly (readonly [SeedFigures, SeedFigures])[],
  random: Random,
): Comparison[] {
  return statisticNames.map((statistic: StatisticName) => {
    const overSeeds = compareSeeds(
      seeds.map(([seed]) => seed.timings[name][statistic]),
      seeds.map(([, seed]) => seed.timings[name][statistic]),
      random,
    )
    const ratio = ratios.ratio[statistic]
    const requests = ratios.interval[statistic]
    return {
      figure: `${name.toUpperCase()} ${statistic}`,
      kind: 'seconds',
      base: base.summary[name]?.[statistic].value ?? Number.NaN,
      arm: arm.summary[name]?.[statistic].value ?? Number.NaN,
      ratio,
      requests,
      seeds: overSeeds,
      verdict: verdict(ratio, [requests, overSeeds]),
    }
  })
}

function scalarComparison(
  [figure, kind, key]: (typeof scalars)[number],
  baseRuns: readonly SeedRun[],
  armRuns: readonly SeedRun[],
  seeds: readonly (readonly [SeedFigures, SeedFigures])[],
  random: Random,
): Comparison {
  const base = meanFigure(baseRuns, key)
  const arm = meanFigure(armRuns, key)
  const overSeeds = compareSeeds(
    seeds.map(([seed]) => seed[key]),
    seeds.map(([, seed]) => seed[key]),
    random,
  )
  const ratio = arm / base
  const judged = overSeeds === undefined ? 'unknown' : verdict(ratio, [overSeeds])
  return { figure, kind, base, arm, ratio, requests: undefined, seeds: overSeeds, verdict: judged }
}

function meanFigure(runs: readonly SeedRun[], key: (typeof scalars)[number][2]): number {
  const known = runs.map((run) => seedFigures(run.records)[key]).filter((value) => !Number.isNaN(value))
  return known.reduce((sum, value) => sum + value, 0) / known.length
}

function runsOf(result: BenchResult): SeedRun[] {
  return result.runs.map((run) => ({ seed: run.seed, records: toRecords(run.requests) }))
}

function commonSeeds(base: readonly SeedRun[], arm: readonly SeedRun[]): (readonly [SeedFigures, SeedFigures])[] {
  return base.flatMap((run) => {
    const other = arm.find((candidate) => candidate.seed === run.seed)
    return other === undefined ? [] : [[seedFigures(run.records), seedFigures(other.records)] as const]
  })
}

/** The times of requests that both arms answered, in the same order; all times where too few are the same requests. */
function samplePairs(baseRuns: readonly SeedRun[], armRuns: readonly SeedRun[], name: TimingName) {
  const times = new Map<string, number>()
  for (const run of armRuns) {
    for (const record of measuredOf(run.records)) {
      if (record[name] !== null) times.set(`${run.seed} ${record.id}`, record[name])
    }
  }
  const baseValues: number[] = []
  const armValues: number[] = []
  let baseCount = 0
  for (const run of baseRuns) {
    for (const record of measuredOf(run.records)) {
      if (record[name] === null) continue
      baseCount++
      const other = times.get(`${run.seed} ${record.id}`)
      if (other === undefined) continue
      baseValues.push(record[name])
      armValues.push(other)
    }
  }
  const paired = baseValues.length >= MIN_PAIRED * Math.min(baseCount, times.size)
  if (paired) return { baseValues, armValues, paired }
  const all = (runs: readonly SeedRun[]) => runs.flatMap((run) => timesOf(measuredOf(run.records), name))
  return { baseValues: all(baseRuns), armValues: all(armRuns), paired }
}
