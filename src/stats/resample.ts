import { percentileInterval, RESAMPLES } from './interval.ts'
import type { Interval } from './interval.ts'
import { sortedStatistics, statisticNames } from './summary.ts'
import type { StatisticName } from './summary.ts'

/** Values in ascending order, each with the unit (the request) that it belongs to. */
export interface Sample {
  readonly sorted: Float64Array
  readonly units: Uint32Array
}

/** A thousand resampled figures for every statistic. */
export type ResampledFigures = Readonly<Record<StatisticName, Float64Array>>

/** Makes a sample of values, the i-th of which belongs to unit i; NaN stands for a unit that has no value. */
export function createSample(values: Float64Array): Sample {
  const units = Uint32Array.from(values.keys())
    .filter((unit) => !Number.isNaN(values[unit]!))
    .sort((a, b) => values[a]! - values[b]! || a - b)
  return { sorted: Float64Array.from(units, (unit) => values[unit]!), units }
}

/**
 * Bootstrap over units: as many as there are are drawn with replacement, a thousand times, and all samples take the same
 * draws. Two calls with equal numbers of units and equal random sources draw the same units, so that figures of arms which
 * answered the same requests may be divided one by one.
 */
export function resample(samples: readonly Sample[], units: number, random: () => number): ResampledFigures[] {
  const drawn = new Uint16Array(units)
  const figures = samples.map(emptyFigures)
  const counts = samples.map(({ sorted }) => new Uint32Array(sorted.length))
  for (let r = 0; r < RESAMPLES; r++) {
    drawn.fill(0)
    for (let i = 0; i < units; i++) drawn[Math.floor(random() * units)]!++
    for (const [index, sample] of samples.entries()) {
      const counted = counts[index]!
      const found = sortedStatistics(sample.sorted, counted, spread(drawn, sample.units, counted))
      for (const name of statisticNames) figures[index]![name][r] = found[name]
    }
  }
  return figures
}

/** The interval of resampled figures; undefined where nothing was there to resample. */
export function intervalOf(figures: Float64Array): Interval | undefined {
  const interval = percentileInterval(figures)
  return Number.isNaN(interval.low) ? undefined : interval
}

/** The interval of the ratio of two figures that were resampled together. */
export function ratioInterval(base: Float64Array, arm: Float64Array): Interval | undefined {
  const ratios = arm.map((figure, r) => figure / base[r]!)
  return intervalOf(ratios.filter(Number.isFinite))
}

/** Writes how often each value's unit was drawn, and returns the sum. */
function spread(drawn: Uint16Array, units: Uint32Array, counts: Uint32Array): number {
  let total = 0
  for (let i = 0; i < units.length; i++) {
    const count = drawn[units[i]!]!
    counts[i] = count
    total += count
  }
  return total
}

function emptyFigures(): Record<StatisticName, Float64Array> {
  const column = () => new Float64Array(RESAMPLES)
  return { mean: column(), p50: column(), p90: column(), p95: column(), p99: column() }
}
