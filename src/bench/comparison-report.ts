import type { Interval } from '../stats/interval.ts'
import { compareResults } from './compare-results.ts'
import type { ArmComparison, Comparison } from './compare-results.ts'
import { formatNumber, formatRatio, formatShare } from '../report/format-number.ts'
import { commandLine, environmentLine } from './report.ts'
import type { BenchResult } from './result-schema.ts'
import { renderMarkdown, renderText } from '../report/table.ts'
import type { Table } from '../report/table.ts'

/** Several results, the first of which is the base, with every other one compared to it. */
export interface ComparisonReport {
  readonly base: BenchResult
  readonly others: readonly BenchResult[]
  readonly arms: readonly ArmComparison[]
}

/** Compares every result with the first. */
export function compareAll(base: BenchResult, others: readonly BenchResult[]): ComparisonReport {
  return { base, others, arms: others.map((other) => compareResults(base, other)) }
}

/** One table with every arm against the base. */
export function comparisonTable({ base, arms }: ComparisonReport): Table {
  const head = ['figure', base.label, ...arms.flatMap((arm) => [arm.label, `ratio to ${base.label}`])]
  const figures = [...new Set(arms.flatMap((arm) => arm.comparisons.map((comparison) => comparison.figure)))]
  return { title: 'Comparison', rows: [head, ...figures.map((figure) => figureRow(figure, arms))] }
}

/** The comparison for a terminal. */
export function comparisonText(report: ComparisonReport): string {
  return `\n${renderText(comparisonTable(report))}\n${readingNotes(report).join('\n')}\n`
}

/** The comparison as a Markdown page. */
export function comparisonMarkdown(report: ComparisonReport): string {
  const results = [report.base, ...report.others]
  const commands = results.map((result) => `# ${result.label}\n${commandLine(result)}`)
  const environments = [...new Set(results.map(environmentLine))]
  return [
    '# Comparison of load tests',
    '',
    '```sh',
    ...commands,
    '```',
    '',
    ...environments.map((line) => `- ${line}`),
    ...readingNotes(report).map((line) => `- ${line}`),
    '',
    renderMarkdown(comparisonTable(report)),
  ].join('\n')
}

function figureRow(figure: string, arms: readonly ArmComparison[]): string[] {
  const found = arms.map((arm) => arm.comparisons.find((comparison) => comparison.figure === figure))
  const first = found.find((comparison) => comparison !== undefined)
  if (first === undefined) return [figure]
  const milliseconds = first.kind === 'seconds' && first.base < 1
  const format = (value: number) =>
    first.kind === 'share' ? formatShare(value) : formatNumber(milliseconds ? value * 1000 : value)
  const unit = first.kind === 'seconds' ? ` (${milliseconds ? 'ms' : 's'})` : ''
  return [`${figure}${unit}`, format(first.base), ...found.flatMap((comparison) => armCells(comparison, format))]
}

function armCells(comparison: Comparison | undefined, format: (value: number) => string): string[] {
  if (comparison === undefined) return ['-', '-']
  const { ratio, requests, seeds } = comparison
  const arm = format(comparison.arm)
  if (!Number.isFinite(ratio)) return [arm, '-']
  const intervals = [requests === undefined ? '' : range(requests), seeds === undefined ? '' : `seeds ${range(seeds)}`]
  const open = comparison.verdict === 'no difference' ? 'no difference' : ''
  const cell = [formatRatio(ratio), ...intervals, open].filter((part) => part !== '').join(' ')
  return [arm, cell]
}

function range(interval: Interval): string {
  return `[${formatRatio(interval.low)}, ${formatRatio(interval.high)}]`
}

function readingNotes({ base, others, arms }: ComparisonReport): string[] {
  const reading =
    'ratio below 1: smaller than the base; brackets: 95 % bootstrap interval over requests, then over seeds'
  const unpaired = arms
    .filter((arm) => !arm.paired)
    .map((arm) => `${arm.label}: other requests than the base, so not compared in pairs`)
  return [reading, ...others.flatMap((other) => differences(base, other)), ...unpaired]
}

/** What makes two results hard to compare. */
function differences(base: BenchResult, other: BenchResult): string[] {
  const checks: [string, unknown, unknown][] = [
    ['model', base.target.model, other.target.model],
    ['workload', base.workload.name, other.workload.name],
    ['pacing', base.workload.pacing, other.workload.pacing],
    ['concurrency', base.workload.concurrency, other.workload.concurrency],
    ['speed', base.workload.speed, other.workload.speed],
    ['time scale', base.timeScale, other.timeScale],
    ['requests', base.workload.requests, other.workload.requests],
  ]
  return checks
    .filter(([, a, b]) => a !== b)
    .map(([name, a, b]) => `careful, ${name} differs: ${base.label} ${String(a)}, ${other.label} ${String(b)}`)
}
