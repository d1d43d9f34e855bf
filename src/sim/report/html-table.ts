import type { Table } from '../../report/table.ts'
import { escapeHtml } from './charts/svg.ts'

/** A table that scrolls sideways when it is wide; its title is left to the surroundings. */
export function htmlTable({ rows }: Table): string {
  const [head = [], ...body] = rows
  const cells = (row: readonly string[], name: string) =>
    head.map((_, column) => `<${name}>${escapeHtml(row[column] ?? '')}</${name}>`).join('')
  const bodyRows = body.map((row) => `<tr${isBound(row) ? ' class="bound"' : ''}>${cells(row, 'td')}</tr>`)
  return `<div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${bodyRows.join('')}</tbody></table></div>`
}

/** Floors and bounds have cells for few of the columns. */
function isBound(row: readonly string[]): boolean {
  return row.filter((cell) => cell === '').length > 1
}
