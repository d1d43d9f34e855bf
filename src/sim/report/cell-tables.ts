import { formatCount, formatNumber, formatRatio, formatShare } from '../../report/format-number.ts'
import type { Table } from '../../report/table.ts'
import { cellLabel } from './cell-label.ts'
import { ratioRange } from './ratio-range.ts'
import type { ArmSummary, RatioSummary, ReportCell, SimulationReport } from './simulation-schema.ts'

/** A table of a cell; beside its title, what it is called where the cell is known. */
export interface CellTable extends Table {
  readonly name: string
}

/** The tables of a cell: times, service, and times relative to the baseline. */
export function cellTables(cell: ReportCell, report: SimulationReport): CellTable[] {
  const title = cellLabel(cell, report.cells)
  const tables = [
    { name: 'Times', title, rows: [...columnRows(cell, timeColumns), ...boundRows(cell)] },
    { name: 'Service', title: `Service: ${title}`, rows: columnRows(cell, serviceColumns(cell)) },
  ]
  const others = cell.arms.filter((arm) => arm.ratios !== null)
  const name = `Relative to ${report.baseline}`
  if (others.length > 0) tables.push({ name, title: `${name}: ${title}`, rows: ratioRows(others) })
  return tables
}

interface Column {
  readonly head: string
  cell(arm: ArmSummary): string
}

const milliseconds = (seconds: number | undefined) => formatNumber(seconds === undefined ? undefined : seconds * 1000)

const timeColumns: readonly Column[] = [
  { head: 'TTFT mean (s)', cell: ({ ttft }) => formatNumber(ttft?.mean.value) },
  { head: 'p50', cell: ({ ttft }) => formatNumber(ttft?.p50.value) },
  { head: 'p90', cell: ({ ttft }) => formatNumber(ttft?.p90.value) },
  { head: 'p95', cell: ({ ttft }) => formatNumber(ttft?.p95.value) },
  { head: 'p99', cell: ({ ttft }) => formatNumber(ttft?.p99.value) },
  { head: 'TPOT mean (ms)', cell: ({ tpot }) => milliseconds(tpot?.mean.value) },
  { head: 'p95', cell: ({ tpot }) => milliseconds(tpot?.p95.value) },
  { head: 'E2E mean (s)', cell: ({ e2e }) => formatNumber(e2e?.mean.value) },
  { head: 'p95', cell: ({ e2e }) => formatNumber(e2e?.p95.value) },
  { head: 'cached', cell: ({ cachedShare }) => formatShare(cachedShare.value) },
]

const loadColumns: readonly Column[] = [
  { head: 'in 1 s + 62.5 ms/k', cell: ({ lengthScaledGoodput }) => formatShare(lengthScaledGoodput.value) },
  { head: 'req/s', cell: ({ requestsPerSecond }) => formatNumber(requestsPerSecond.value) },
  { head: 'busiest', cell: ({ busiestShare }) => formatShare(busiestShare.value) },
  { head: 'backlog CV', cell: ({ backlogVariation }) => formatNumber(backlogVariation.value) },
  { head: 'evicted blocks', cell: ({ evictedBlocks }) => formatCount(evictedBlocks.value ?? 0) },
]

/** Columns that only some runs need. */
const rareColumns: readonly (Column & { isNeeded(arm: ArmSummary): boolean })[] = [
  {
    head: 'preempted',
    cell: ({ preemptions }) => formatNumber(preemptions.value),
    isNeeded: ({ preemptions }) => (preemptions.value ?? 0) > 0,
  },
  {
    head: 'sent again',
    cell: ({ retries }) => formatNumber(retries.value),
    isNeeded: ({ retries }) => (retries.value ?? 0) > 0,
  },
  {
    head: 'unfinished',
    cell: ({ unfinished }) => formatCount(unfinished),
    isNeeded: ({ unfinished }) => unfinished > 0,
  },
]

function serviceColumns(cell: ReportCell): Column[] {
  const slos = cell.arms[0]?.goodput ?? []
  return [
    ...slos.map((slo, index) => ({
      head: `in ${slo.ttft} s, ${slo.tpot * 1000} ms`,
      cell: (arm: ArmSummary) => formatShare(arm.goodput[index]?.share.value),
    })),
    ...loadColumns,
    ...rareColumns.filter((column) => cell.arms.some((arm) => column.isNeeded(arm))),
  ]
}

function columnRows(cell: ReportCell, columns: readonly Column[]): string[][] {
  return [
    ['policy', ...columns.map(({ head }) => head)],
    ...cell.arms.map((arm) => [arm.label, ...columns.map((column) => column.cell(arm))]),
  ]
}

const floorNames = {
  none: 'floor: nothing cached',
  lru: 'floor: pooled LRU',
  belady: 'floor: pooled Belady',
  endless: 'floor: endless cache',
} as const

/** What no policy can beat, in the columns that it is about. */
function boundRows({ bounds }: ReportCell): string[][] {
  if (bounds === null) return []
  const cachedAt = 1 + timeColumns.findIndex(({ head }) => head === 'cached')
  const row = (name: string, ttft: number, cached: string) => {
    const cells = Array.from({ length: cachedAt + 1 }, () => '')
    cells[0] = name
    cells[1] = formatNumber(ttft)
    cells[cachedAt] = cached
    return cells
  }
  const floors = (['none', 'lru', 'belady', 'endless'] as const).map((name) =>
    row(floorNames[name], bounds.floors[name].ttft, formatShare(bounds.floors[name].cachedShare)),
  )
  return [...floors, row('lower bound', bounds.meanTtft, '')]
}

function ratioRows(arms: readonly ArmSummary[]): string[][] {
  return [
    ['policy', 'TTFT mean', 'TTFT p95', 'TPOT mean', 'E2E mean', 'cached'],
    ...arms.map(({ label, ratios }) => [
      label,
      ratioCell(ratios?.ttft?.mean),
      ratioCell(ratios?.ttft?.p95),
      ratioCell(ratios?.tpot?.mean),
      ratioCell(ratios?.e2e?.mean),
      ratioCell(ratios?.cachedShare),
    ]),
  ]
}

/** A ratio with its range, and in words when the range leaves it open. */
export function ratioCell(ratio: RatioSummary | undefined): string {
  if (ratio === undefined || ratio.value === null) return '-'
  const range = ratioRange(ratio)
  const brackets = range === undefined ? '' : ` [${endText(range[0])}, ${endText(range[1])}]`
  return `${formatRatio(ratio.value)}${brackets}${ratio.verdict === 'no difference' ? ' no difference' : ''}`
}

/** An end that is not 1 must not look like it. */
function endText(end: number): string {
  const text = formatRatio(end)
  return text === '1.000' && end !== 1 ? end.toFixed(4) : text
}
