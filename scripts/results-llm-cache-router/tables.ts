import { markdownTable } from '../results/table.ts'
import { meanInterval } from './criteria.ts'
import type { Criterion } from './criteria.ts'
import type { ArmRuns, FigureName } from './runs.ts'

/** How a figure is shown: its unit as a factor, and digits behind the point. */
export interface Shown {
  readonly factor: number
  readonly digits: number
}

export const MILLISECONDS: Shown = { factor: 1e3, digits: 1 }
export const SECONDS: Shown = { factor: 1, digits: 2 }
export const PER_CENT: Shown = { factor: 100, digits: 1 }
export const RATE: Shown = { factor: 1, digits: 1 }

/** Mean over seeds with its 95 % interval. */
export function cell(runs: ArmRuns, figure: FigureName, { factor, digits }: Shown): string {
  const { mean, low, high } = meanInterval(runs.figures[figure].map((value) => value * factor))
  return `${mean.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

/** A published figure, or nothing where there is none. */
export function publishedCell(value: number | undefined, { factor, digits }: Shown): string {
  return value === undefined ? '' : (value * factor).toFixed(digits)
}

/** Criteria with their outcome. */
export function criteriaTable(criteria: readonly Criterion[]): string[] {
  return markdownTable(
    ['criterion', 'found', 'outcome'],
    criteria.map(({ name, found, passed }) => [name, found, passed ? 'pass' : '**fail**']),
  )
}
