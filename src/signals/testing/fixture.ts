import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { EngineReading } from '../metrics/engine-reading.ts'
import type { EngineTable } from '../metrics/engine-table.ts'

/** The text of a file in `metrics/fixtures`. */
export function fixture(name: string): string {
  return readFileSync(resolve(import.meta.dirname, '../metrics/fixtures', name), 'utf8')
}

/** What the table reads off this answer of this route; fails where it cannot be read. */
export function readRoute(table: EngineTable, path: string, text: string): Partial<EngineReading> {
  const route = table.routes.find((route) => route.path === path)
  if (route === undefined) throw new Error(`${table.title} has no route ${path}`)
  const result = route.read(text)
  if ('reading' in result) return result.reading
  throw new Error('problem' in result ? `${result.problem}: ${result.found}` : 'unchanged')
}
