import { formatNumber, formatRatio, formatShare } from '../../report/format-number.ts'
import { shortTokens } from '../matrix-cells.ts'
import { cellLabel, cellPart, varyingParts } from './cell-label.ts'
import type { CellPart } from './cell-label.ts'
import { ratioCell } from './cell-tables.ts'
import { curveChart } from './charts/curve-chart.ts'
import { scatterChart } from './charts/scatter-chart.ts'
import { escapeHtml } from './charts/svg.ts'
import type { ArmSummary, RatioSummary, ReportCell, SimulationReport } from './simulation-schema.ts'

/** Charts of one dimension beyond this number say nothing new. */
const MOST_CURVES = 6

interface OverviewFigure {
  readonly title: string
  readonly isBetterHigh: boolean
  value(arm: ArmSummary): string
  ratio(arm: ArmSummary): RatioSummary | undefined
}

const overviewFigures: readonly OverviewFigure[] = [
  {
    title: 'TTFT mean (s)',
    isBetterHigh: false,
    value: ({ ttft }) => formatNumber(ttft?.mean.value),
    ratio: ({ ratios }) => ratios?.ttft?.mean,
  },
  {
    title: 'TTFT p95 (s)',
    isBetterHigh: false,
    value: ({ ttft }) => formatNumber(ttft?.p95.value),
    ratio: ({ ratios }) => ratios?.ttft?.p95,
  },
  {
    title: 'TPOT mean (ms)',
    isBetterHigh: false,
    value: ({ tpot }) => formatNumber(tpot === null ? null : tpot.mean.value * 1000),
    ratio: ({ ratios }) => ratios?.tpot?.mean,
  },
  {
    title: 'E2E mean (s)',
    isBetterHigh: false,
    value: ({ e2e }) => formatNumber(e2e?.mean.value),
    ratio: ({ ratios }) => ratios?.e2e?.mean,
  },
  {
    title: 'cached share',
    isBetterHigh: true,
    value: ({ cachedShare }) => formatShare(cachedShare.value),
    ratio: ({ ratios }) => ratios?.cachedShare,
  },
  {
    title: 'TTFT within 1 s + 62.5 ms per 1,000 tokens',
    isBetterHigh: true,
    value: ({ lengthScaledGoodput }) => formatShare(lengthScaledGoodput.value),
    ratio: ({ ratios }) => ratios?.lengthScaledGoodput,
  },
]

/** What a matrix of several cells shows as a whole. */
export function overviewHtml(report: SimulationReport): string {
  const options = overviewFigures.map(({ title }) => `<option>${escapeHtml(title)}</option>`).join('')
  const tables = overviewFigures.map((figure, index) => heatTable(figure, index === 0, report))
  return [
    '<h2>All cells</h2>',
    `<p><select id="figure" aria-label="Figure of the table">${options}</select></p>`,
    ...tables,
    `<p class="muted">Small: ratio to ${escapeHtml(report.baseline)}; blue is better, orange worse, no colour where an interval ` +
      'includes 1.</p>',
    ...curves(report),
    '<h3>E2E against TTFT, every cell</h3>',
    `<figure><div class="scroll">${scatter(report)}</div></figure>`,
  ].join('\n')
}

/** Mean E2E against mean TTFT of every arm in every cell. */
export function scatter({ cells }: SimulationReport): string {
  const points = cells.flatMap((cell) =>
    cell.arms.flatMap(({ label, ttft, e2e }, series) => {
      if (ttft === null || e2e === null) return []
      const [x, y] = [ttft.mean.value, e2e.mean.value]
      const title = `${label}, ${cellLabel(cell, cells)}: TTFT ${formatNumber(x)} s, E2E ${formatNumber(y)} s`
      return [{ series, x, y, title }]
    }),
  )
  return scatterChart('mean TTFT (s)', 'mean E2E (s)', points)
}

function heatTable(figure: OverviewFigure, isShown: boolean, { cells, arms }: SimulationReport): string {
  const parts = varyingParts(cells)
  const rows = cells.map((cell) => {
    const names = parts.map((part) => `<td class="text">${escapeHtml(partValue(cell, part))}</td>`)
    return `<tr>${names.join('')}${cell.arms.map((arm) => heatCell(figure, arm)).join('')}</tr>`
  })
  const heads = [
    ...parts.map((part) => `<th class="text">${escapeHtml(partTitle(part))}</th>`),
    ...arms.map(({ label }) => `<th>${escapeHtml(label)}</th>`),
  ].join('')
  return (
    `<div class="scroll" data-figure="${escapeHtml(figure.title)}"${isShown ? '' : ' hidden'}><table>` +
    `<thead><tr>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  )
}

function partValue(cell: ReportCell, part: CellPart): string {
  const value = cell[part]
  return typeof value === 'number' && part.endsWith('Tokens') ? shortTokens(value) : String(value)
}

function partTitle(part: CellPart): string {
  const titles: Partial<Record<CellPart, string>> = { kvTokens: 'KV tokens', hostTokens: 'host memory' }
  return titles[part] ?? part
}

function heatCell(figure: OverviewFigure, arm: ArmSummary): string {
  const ratio = figure.ratio(arm)
  const value = escapeHtml(figure.value(arm))
  if (ratio === undefined || ratio.value === null) return `<td>${value}</td>`
  const color =
    ratio.verdict === 'lower' || ratio.verdict === 'higher' ? heatColor(ratio.value, figure.isBetterHigh) : ''
  const style = color === '' ? '' : ` style="background:${color}"`
  return `<td${style} title="${escapeHtml(ratioCell(ratio))}">${value}<small>×${formatRatio(ratio.value)}</small></td>`
}

/** Stronger the further from 1, full at half or double. */
function heatColor(ratio: number, isBetterHigh: boolean): string {
  const size = Math.min(1, Math.abs(Math.log2(Math.max(ratio, 1e-6))))
  const isBetter = ratio > 1 === isBetterHigh
  return `rgb(${isBetter ? '59 130 246' : '232 113 10'} / ${(0.1 + 0.4 * size).toFixed(2)})`
}

/** A chart of the mean TTFT over every dimension that varies, one for each combination of the others. */
function curves(report: SimulationReport): string[] {
  return varyingParts(report.cells).flatMap((part) => {
    const groups = groupCells(report.cells, part)
    const shown = groups.filter((cells) => cells.length > 1).slice(0, MOST_CURVES)
    if (shown.length === 0) return []
    const charts = shown.map((cells) => `<figure><div class="scroll">${curve(cells, part, report)}</div></figure>`)
    const more =
      groups.length > shown.length
        ? `<p class="muted">${groups.length - shown.length} more are in the cells below.</p>`
        : ''
    return [
      `<h3>Mean TTFT by ${escapeHtml(partTitle(part))}</h3>`,
      `<div class="figures">${charts.join('')}</div>`,
      more,
    ]
  })
}

/** Cells that differ in nothing but one part. */
function groupCells(cells: readonly ReportCell[], part: CellPart): ReportCell[][] {
  const groups = new Map<string, ReportCell[]>()
  const others = varyingParts(cells).filter((other) => other !== part)
  for (const cell of cells) {
    const key = others.map((other) => String(cell[other])).join(' ')
    groups.set(key, [...(groups.get(key) ?? []), cell])
  }
  return [...groups.values()]
}

function curve(cells: readonly ReportCell[], part: CellPart, { cells: all, arms }: SimulationReport): string {
  const others = varyingParts(all).filter((other) => other !== part)
  const [first] = cells
  const title = first === undefined ? '' : others.map((other) => cellPart(first, other)).join(', ')
  const series = arms.map(({ label }, index) => ({
    label,
    values: cells.map((cell) => cell.arms[index]?.ttft?.mean.value),
  }))
  return curveChart(
    title,
    'mean TTFT (s)',
    cells.map((cell) => partValue(cell, part)),
    series,
  )
}
