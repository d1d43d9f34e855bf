import { formatShare } from '../../report/format-number.ts'
import { renderMarkdown, renderText } from '../../report/table.ts'
import { shellCommand } from '../../report/shell-command.ts'
import { cellTables } from './cell-tables.ts'
import { commonLabel } from './cell-label.ts'
import { describeLoad } from './describe-load.ts'
import type { SimulationReport } from './simulation-schema.ts'

/** The report for a terminal. */
export function simulationText(report: SimulationReport): string {
  const tables = report.cells.flatMap((cell) => cellTables(cell, report))
  return `\n${[...describeRun(report), ...readingNotes(report)].join('\n')}\n\n${tables.map(renderText).join('\n')}`
}

/** The report as a Markdown page. */
export function simulationMarkdown(report: SimulationReport): string {
  const tables = report.cells.flatMap((cell) => cellTables(cell, report))
  return [
    '# Simulation',
    '',
    '```sh',
    shellCommand(['kvasir', 'simulate', ...report.command]),
    '```',
    '',
    ...describeRun(report).map((line) => `- ${line}`),
    ...readingNotes(report).map((line) => `- ${line}`),
    '',
    ...tables.map(renderMarkdown),
  ]
    .join('\n')
    .replace(/\n+$/, '\n')
}

/** What was run, in lines. */
export function describeRun(report: SimulationReport): string[] {
  const { workload, cells, arms, seeds, fleet } = report
  const lines = [
    ...describeLoad(workload),
    `${arms.length} policies in ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, ` +
      `${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}, the first ${formatShare(workload.warmUp)} not measured`,
  ]
  const common = commonLabel(cells)
  if (common !== '') lines.push(`${cells.length === 1 ? '' : 'everywhere: '}${common}`)
  if (fleet !== null) lines.push(`endpoints from ${fleet}`)
  return [...lines, ...workload.notes]
}

const FLOORS =
  'floors: one cache as large as all together, and no waiting at all (separate caches may beat pooled LRU, never Belady); ' +
  'lower bound: no schedule has a lower mean TTFT, even with an endless cache'

/** How the figures are to be read. */
export function readingNotes(report: SimulationReport): string[] {
  const notes = [
    `ratios are relative to ${report.baseline}; brackets: the range of the 95 % bootstrap intervals over requests and over ` +
      'seeds; "no difference" where it includes 1',
    ...(report.cells.some(({ bounds }) => bounds !== null) ? [FLOORS] : []),
  ]
  if (report.seeds.length < 5) {
    notes.push(`${report.seeds.length} of the 5 seeds or more that intervals over seeds need: they are too narrow`)
  }
  const unpaired = report.cells.some((cell) => cell.arms.some((arm) => arm.ratios?.paired === false))
  if (unpaired)
    notes.push('requests arrive when answers allow it, so arms are compared as samples and not request by request')
  return notes
}
