import { compareSeeds, verdict } from '../stats/compare.ts'
import type { Interval } from '../stats/interval.ts'
import { ratioInterval } from '../stats/resample.ts'
import type { StatisticName } from '../stats/summary.ts'
import { createRandom } from '../workload/random.ts'
import { columnOf } from './matrix-columns.ts'
import type { RunColumns } from './matrix-columns.ts'
import type { RunFigures, ScalarName, TimingName } from './matrix-figures.ts'
import type { RatioSummaries, RatioSummary } from './report/simulation-schema.ts'
import { pairOrNull } from './summarize-simulation.ts'
import type { ArmFigures } from './summarize-simulation.ts'

const SEEDS_RANDOM = 12

/** Whether two arms measured the same requests at the same times, so that they can be compared one by one. */
export function arePaired(base: readonly RunColumns[], arm: readonly RunColumns[]): boolean {
  return base.every((run, seed) => {
    const other = arm[seed]
    if (other === undefined || other.requests !== run.requests) return false
    return (['arrival', 'promptTokens'] as const).every((name) => {
      const values = columnOf(other, name)
      return columnOf(run, name).every((value, row) => value === values[row])
    })
  })
}

/** All figures of an arm relative to those of the baseline. */
export function compareArms(base: ArmFigures, arm: ArmFigures, paired: boolean): RatioSummaries {
  const scalar = (name: ScalarName) => scalarRatio(base.seeds, arm.seeds, ({ scalars }) => scalars[name])
  return {
    paired,
    ttft: timingRatios('ttft', base, arm),
    tpot: timingRatios('tpot', base, arm),
    e2e: timingRatios('e2e', base, arm),
    cachedShare: scalar('cachedShare'),
    goodput: base.summary.goodput.map((_, index) =>
      scalarRatio(base.seeds, arm.seeds, ({ goodput }) => goodput[index] ?? Number.NaN),
    ),
    lengthScaledGoodput: scalar('lengthScaledGoodput'),
    backlogVariation: scalar('backlogVariation'),
  }
}

function timingRatios(name: TimingName, base: ArmFigures, arm: ArmFigures): RatioSummaries['ttft'] {
  const baseTiming = base.summary[name]
  const armTiming = arm.summary[name]
  if (baseTiming === null || armTiming === null) return null
  const entry = (statistic: StatisticName): RatioSummary => {
    const requests = ratioInterval(base.resampled[name][statistic], arm.resampled[name][statistic])
    const seeds = overSeeds(base.seeds, arm.seeds, ({ timings }) => timings[name][statistic])
    return judged(armTiming[statistic].value / baseTiming[statistic].value, requests, seeds)
  }
  return { mean: entry('mean'), p50: entry('p50'), p90: entry('p90'), p95: entry('p95'), p99: entry('p99') }
}

function scalarRatio(
  base: readonly RunFigures[],
  arm: readonly RunFigures[],
  read: (figures: RunFigures) => number,
): RatioSummary {
  const mean = (figures: readonly RunFigures[]) =>
    figures.reduce((sum, figure) => sum + read(figure), 0) / figures.length
  return judged(mean(arm) / mean(base), undefined, overSeeds(base, arm, read))
}

function overSeeds(
  base: readonly RunFigures[],
  arm: readonly RunFigures[],
  read: (figures: RunFigures) => number,
): Interval | undefined {
  return compareSeeds(base.map(read), arm.map(read), createRandom(SEEDS_RANDOM))
}

/** Where there is no interval to judge by, nothing is judged. */
function judged(value: number, requests: Interval | undefined, seeds: Interval | undefined): RatioSummary {
  const unknown = !Number.isFinite(value) || (requests === undefined && seeds === undefined)
  return {
    value: Number.isFinite(value) ? value : null,
    requests: pairOrNull(requests),
    seeds: pairOrNull(seeds),
    verdict: unknown ? 'unknown' : verdict(value, [requests, seeds]),
  }
}
