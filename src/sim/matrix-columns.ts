import type { SimulationResult } from './simulation-result.ts'

/** The per-request columns of a run, in order of arrival. Times are virtual seconds. */
export const columnNames = ['arrival', 'promptTokens', 'cachedTokens', 'outputTokens', 'ttft', 'tpot', 'e2e'] as const

/** Name of a column. */
export type ColumnName = (typeof columnNames)[number]

/**
 * One simulation in a form that worker threads share without copying: columns over one shared buffer, and what only the
 * whole run has.
 */
export interface RunColumns {
  readonly requests: number
  /** The columns one after the other, in the order of {@link columnNames}. */
  readonly buffer: SharedArrayBuffer
  readonly sent: readonly number[]
  readonly retries: number
  readonly evictedBlocks: number
  readonly preemptions: number
  readonly backlogVariation: number
}

/** Packs the outcome of a simulation. */
export function toColumns(result: SimulationResult): RunColumns {
  const requests = result.requests.length
  const buffer = new SharedArrayBuffer(requests * columnNames.length * Float64Array.BYTES_PER_ELEMENT)
  const values = new Float64Array(buffer)
  let retries = 0
  for (const [row, request] of result.requests.entries()) {
    for (const [column, name] of columnNames.entries()) values[column * requests + row] = request[name]
    retries += request.retries
  }
  const { sent, evictedBlocks, preemptions, backlogVariation } = result
  return { requests, buffer, sent: [...sent], retries, evictedBlocks, preemptions, backlogVariation }
}

/** One column of a run. */
export function columnOf(run: RunColumns, name: ColumnName): Float64Array {
  const at = columnNames.indexOf(name) * run.requests * Float64Array.BYTES_PER_ELEMENT
  return new Float64Array(run.buffer, at, run.requests)
}
