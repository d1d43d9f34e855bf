import { cellLabel } from './cell-label.ts'
import { cellTables } from './cell-tables.ts'
import { distributionChart } from './charts/distribution-chart.ts'
import { dotPanels } from './charts/dot-panels.ts'
import { shareBars } from './charts/share-bars.ts'
import { escapeHtml } from './charts/svg.ts'
import { htmlTable } from './html-table.ts'
import type { ReportCell, SimulationReport } from './simulation-schema.ts'

/** Charts and tables of a cell, in a section that can be folded. */
export function cellHtml(cell: ReportCell, report: SimulationReport, isOpen: boolean): string {
  const [times, ...others] = cellTables(cell, report)
  return [
    `<details${isOpen ? ' open' : ''}><summary>${escapeHtml(cellLabel(cell, report.cells))}</summary>`,
    figure(
      timePanels(cell),
      `Dots: figures over all seeds. Bars: 95 % intervals over requests and over seeds.${limitNote(cell)}`,
    ),
    '<div class="figures">',
    figure(
      distributionChart(
        'TTFT (s)',
        report.quantileLevels,
        cell.arms.map(({ label, ttftQuantiles }) => ({ label, values: ttftQuantiles })),
      ),
      'Distribution of TTFT over the requests of all seeds.',
    ),
    figure(cachedBars(cell), 'Prompt tokens that were found in a cache. Dashed: one cache as large as all together.'),
    '</div>',
    times === undefined ? '' : htmlTable(times),
    ...others.map((table) => `<h3>${escapeHtml(table.name)}</h3>${htmlTable(table)}`),
    '</details>',
  ].join('\n')
}

function figure(chart: string, caption: string): string {
  if (chart === '') return ''
  return `<figure><div class="scroll">${chart}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>`
}

function timePanels({ arms, bounds }: ReportCell): string {
  const limits =
    bounds === null
      ? []
      : [
          { name: 'lower bound', value: bounds.meanTtft },
          { name: 'floor with an endless cache', value: bounds.floors.endless.ttft },
        ]
  return dotPanels(
    arms.map(({ label }) => label),
    [
      { title: 'TTFT, mean', unit: 's', factor: 1, values: arms.map(({ ttft }) => ttft?.mean ?? null), limits },
      { title: 'TTFT, p95', unit: 's', factor: 1, values: arms.map(({ ttft }) => ttft?.p95 ?? null) },
      { title: 'TPOT, mean', unit: 'ms', factor: 1000, values: arms.map(({ tpot }) => tpot?.mean ?? null) },
      { title: 'E2E, mean', unit: 's', factor: 1, values: arms.map(({ e2e }) => e2e?.mean ?? null) },
    ],
  )
}

function limitNote({ bounds }: ReportCell): string {
  return bounds === null ? '' : ' Dashed: the lower bound, and the floor of an endless cache without any waiting.'
}

function cachedBars({ arms, bounds }: ReportCell): string {
  const limits =
    bounds === null
      ? []
      : [
          { name: 'pooled LRU', value: bounds.floors.lru.cachedShare },
          { name: 'pooled Belady', value: bounds.floors.belady.cachedShare },
          { name: 'endless cache', value: bounds.floors.endless.cachedShare },
        ]
  const bars = arms.map(({ label, cachedShare }) => ({ label, value: cachedShare.value, interval: cachedShare.seeds }))
  return shareBars('cached share of prompt tokens', bars, limits)
}
