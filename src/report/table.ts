/** A table to print: the first row is the head, the first column is aligned left and all others right. */
export interface Table {
  readonly title: string
  readonly rows: readonly (readonly string[])[]
}

/** Draws a table with aligned columns, for a terminal. */
export function renderText(table: Table): string {
  const widths = columnWidths(table)
  const lines = table.rows.map((row) => cells(row, widths).join('  ').trimEnd())
  const [head = '', ...body] = lines
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2))
  return [table.title, '', head, rule, ...body, ''].join('\n')
}

/** Draws a table as Markdown, aligned in the source too. */
export function renderMarkdown(table: Table): string {
  const escaped = { ...table, rows: table.rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))) }
  const widths = columnWidths(escaped)
  const line = (row: readonly string[]) => `| ${cells(row, widths).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const [head = [], ...body] = escaped.rows
  return [`## ${table.title}`, '', line(head), `| ${rule.join(' | ')} |`, ...body.map(line), ''].join('\n')
}

function columnWidths(table: Table): number[] {
  const columns = Math.max(...table.rows.map((row) => row.length))
  return Array.from({ length: columns }, (_, column) =>
    Math.max(3, ...table.rows.map((row) => (row[column] ?? '').length)),
  )
}

function cells(row: readonly string[], widths: readonly number[]): string[] {
  return widths.map((width, column) => {
    const cell = row[column] ?? ''
    return column === 0 ? cell.padEnd(width) : cell.padStart(width)
  })
}
