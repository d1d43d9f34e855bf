import { InputError } from '../report/input-error.ts'
import { POSITIVE, readChoice, readNumber } from '../report/option-values.ts'
import { statisticNames } from '../stats/summary.ts'
import type { StatisticName } from '../stats/summary.ts'
import { timingNames } from './matrix-figures.ts'
import type { TimingName } from './matrix-figures.ts'

/** A time that must not be exceeded. */
export interface PlanTarget {
  readonly time: TimingName
  readonly statistic: StatisticName
  readonly seconds: number
}

/** Reads a target such as `ttft-p95=2`. @throws InputError */
export function parseTarget(flag: string, text: string): PlanTarget {
  const [name = '', limit, ...more] = text.split('=')
  const [time, statistic, ...rest] = name.trim().split('-')
  if (limit === undefined || more.length > 0 || rest.length > 0) {
    throw new InputError(`${flag}: expected targets such as ttft-p95=2 (seconds), found ${text}`)
  }
  return {
    time: readChoice(`${flag} ${text}`, time ?? '', timingNames) ?? 'ttft',
    statistic: readChoice(`${flag} ${text}`, statistic ?? '', statisticNames) ?? 'p95',
    seconds: readNumber(`${flag} ${text}`, limit, POSITIVE) ?? 0,
  }
}

/** A target as the command line writes it. */
export function targetLabel({ time, statistic, seconds }: PlanTarget): string {
  return `${time}-${statistic}=${seconds}`
}
