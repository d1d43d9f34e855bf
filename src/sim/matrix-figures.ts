import type { Slo } from '../stats/slo.ts'
import { statistics } from '../stats/summary.ts'
import type { Statistics } from '../stats/summary.ts'
import { columnOf } from './matrix-columns.ts'
import type { RunColumns } from './matrix-columns.ts'

/** The times that are reported. */
export const timingNames = ['ttft', 'tpot', 'e2e'] as const

/** Name of a reported time. */
export type TimingName = (typeof timingNames)[number]

/** The figures of one run that are no times, in the order of reports. */
export const scalarNames = [
  'cachedShare',
  'lengthScaledGoodput',
  'requestsPerSecond',
  'outputTokensPerSecond',
  'busiestShare',
  'backlogVariation',
  'evictedBlocks',
  'preemptions',
  'retries',
] as const

/** Name of a figure that is no time. */
export type ScalarName = (typeof scalarNames)[number]

/** The figures of one run; NaN where there is nothing to measure. */
export interface RunFigures {
  readonly timings: Readonly<Record<TimingName, Statistics>>
  readonly scalars: Readonly<Record<ScalarName, number>>
  /** Share of the requests that kept both limits, for each. */
  readonly goodput: readonly number[]
}

/** Seconds of TTFT that a request is allowed for itself, and for every prompt token (SMetric's length-scaled limit). */
export const LENGTH_SCALED = { base: 1, perToken: 62.5e-6 } as const

/** Computes the figures of one run. */
export function runFigures(run: RunColumns, slos: readonly Slo[]): RunFigures {
  const ttft = columnOf(run, 'ttft')
  const tpot = columnOf(run, 'tpot')
  const e2e = columnOf(run, 'e2e')
  const prompt = columnOf(run, 'promptTokens')
  const seconds = spanOf(columnOf(run, 'arrival'), e2e)
  const share = (kept: (row: number) => boolean): number => countRows(run.requests, kept) / run.requests
  const sent = run.sent.reduce((sum, count) => sum + count, 0)
  return {
    timings: { ttft: knownStatistics(ttft), tpot: knownStatistics(tpot), e2e: knownStatistics(e2e) },
    scalars: {
      cachedShare: sum(columnOf(run, 'cachedTokens')) / sum(prompt),
      lengthScaledGoodput: share((row) => ttft[row]! <= LENGTH_SCALED.base + LENGTH_SCALED.perToken * prompt[row]!),
      requestsPerSecond: countRows(run.requests, (row) => Number.isFinite(e2e[row]!)) / seconds,
      outputTokensPerSecond: sum(columnOf(run, 'outputTokens')) / seconds,
      busiestShare: Math.max(...run.sent) / sent,
      backlogVariation: run.backlogVariation,
      evictedBlocks: run.evictedBlocks,
      preemptions: run.preemptions,
      retries: run.retries,
    },
    // An answer of one token has no TPOT and cannot break its limit.
    goodput: slos.map((slo) => share((row) => ttft[row]! <= slo.ttft && !(tpot[row]! > slo.tpot))),
  }
}

function knownStatistics(values: Float64Array): Statistics {
  return statistics(values.filter(Number.isFinite))
}

/** Seconds from the first arrival to the last end. */
function spanOf(arrival: Float64Array, e2e: Float64Array): number {
  let first = Infinity
  let last = -Infinity
  for (let row = 0; row < arrival.length; row++) {
    first = Math.min(first, arrival[row]!)
    if (Number.isFinite(e2e[row]!)) last = Math.max(last, arrival[row]! + e2e[row]!)
  }
  return last - first
}

function countRows(rows: number, kept: (row: number) => boolean): number {
  let count = 0
  for (let row = 0; row < rows; row++) if (kept(row)) count++
  return count
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
