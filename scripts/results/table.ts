import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { renderMarkdown } from '../../src/report/table.ts'

/** The lines of a Markdown table without a heading: first column aligned left, all others right. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const [, , ...lines] = renderMarkdown({ title: '', rows: [header, ...rows] })
    .trimEnd()
    .split('\n')
  return lines
}

/** Writes a page of results, its folder included; a last newline is added. */
export function writePage(path: string, lines: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${lines.join('\n')}\n`)
}
