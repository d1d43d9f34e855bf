import { shellCommand } from '../../report/shell-command.ts'
import { seriesShape, seriesStyles } from './charts/series.ts'
import { escapeHtml, line, mark, svg } from './charts/svg.ts'
import { cellHtml } from './html-cell.ts'
import { overviewHtml, scatter } from './html-overview.ts'
import { PAGE_SCRIPT, PAGE_STYLE } from './html-style.ts'
import { describeRun, readingNotes } from './simulation-report.ts'
import type { SimulationReport } from './simulation-schema.ts'

/** Cells that are unfolded from the start. */
const OPEN_CELLS = 1

/** The report as one HTML page that needs nothing from anywhere else. */
export function simulationHtml(report: SimulationReport): string {
  const { cells, arms, workload } = report
  const title = `Simulation: ${workload.name}`
  const list = (lines: readonly string[]) => `<ul>${lines.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${PAGE_STYLE}${seriesStyles(arms.length)}</style></head><body>`,
    '<button class="theme" type="button">light / dark</button>',
    `<h1>${escapeHtml(title)}</h1>`,
    list(describeRun(report)),
    `<pre>${escapeHtml(shellCommand(['kvasir', 'simulate', ...report.command]))}</pre>`,
    legend(report),
    cells.length > 1 ? overviewHtml(report) : '',
    `<h2>${cells.length > 1 ? 'Cell by cell' : 'Results'}</h2>`,
    ...cells.map((cell, index) => cellHtml(cell, report, index < OPEN_CELLS)),
    cells.length > 1 ? '' : `<h3>E2E against TTFT</h3><figure><div class="scroll">${scatter(report)}</div></figure>`,
    '<h2>Reading this</h2>',
    list(readingNotes(report)),
    `<script>${PAGE_SCRIPT}</script></body></html>`,
    '',
  ].join('\n')
}

/** The policies with their colours; a click hides one. */
function legend({ arms, baseline }: SimulationReport): string {
  const buttons = arms.map(({ label }, index) => {
    const text = label === baseline ? `${label} (baseline)` : label
    return (
      `<button type="button" data-series="${index}" aria-pressed="true" class="s${index}">` +
      `${svg(26, 14, '', [line(1, 7, 25, 7, 'line'), mark(13, 7, 4.5, seriesShape(index))])}${escapeHtml(text)}</button>`
    )
  })
  return `<div class="legend">${buttons.join('')}</div>`
}
