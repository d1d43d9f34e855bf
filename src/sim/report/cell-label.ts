import { shortTokens } from '../matrix-cells.ts'
import type { ReportCell } from './simulation-schema.ts'

const parts = {
  profile: (cell: ReportCell) => cell.profile,
  replicas: (cell: ReportCell) => `${cell.replicas} ${cell.replicas === 1 ? 'endpoint' : 'endpoints'}`,
  kvTokens: (cell: ReportCell) => `${shortTokens(cell.kvTokens)} KV`,
  hostTokens: (cell: ReportCell) => (cell.hostTokens === 0 ? 'no host memory' : `${shortTokens(cell.hostTokens)} host`),
  speed: (cell: ReportCell) => `speed ${cell.speed}`,
  view: (cell: ReportCell) => `${cell.view} view`,
  routers: (cell: ReportCell) => `${cell.routers} ${cell.routers === 1 ? 'router' : 'routers'}`,
} as const

/** Name of something in which cells may differ. */
export type CellPart = keyof typeof parts

/** The names of a cell's parts, in the order in which reports show them. */
export const cellParts: readonly CellPart[] = [
  'profile',
  'replicas',
  'kvTokens',
  'hostTokens',
  'speed',
  'view',
  'routers',
]

/** A part of a cell in words. */
export function cellPart(cell: ReportCell, part: CellPart): string {
  return parts[part](cell)
}

/** The parts in which cells differ. */
export function varyingParts(cells: readonly ReportCell[]): CellPart[] {
  return cellParts.filter((part) => new Set(cells.map((cell) => cell[part])).size > 1)
}

/** What all cells have in common, in words. */
export function commonLabel(cells: readonly ReportCell[]): string {
  const [first] = cells
  const varying = varyingParts(cells)
  if (first === undefined) return ''
  const shown = cellParts.filter(
    (part) =>
      !varying.includes(part) &&
      (part !== 'hostTokens' || first.hostTokens > 0) &&
      (part !== 'routers' || first.routers > 1),
  )
  return shown.map((part) => cellPart(first, part)).join(', ')
}

/** A cell by what tells it apart from the others; by everything where it is the only one. */
export function cellLabel(cell: ReportCell, cells: readonly ReportCell[]): string {
  const varying = varyingParts(cells)
  return varying.length === 0 ? commonLabel([cell]) : varying.map((part) => cellPart(cell, part)).join(', ')
}
