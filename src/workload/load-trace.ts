import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAgentTrace } from './agent-trace.ts'
import type { AgentTraceSource } from './agent-trace.ts'
import { bailianFormat, mooncakeFormat, parseBlockTrace } from './block-trace.ts'
import { TraceError } from './trace-error.ts'
import type { Workload } from './workload.ts'

/** How to read a trace where the format alone does not say. */
export interface TraceOptions {
  /** Tokens of a block of a trace with one request a line (default: what the publisher uses). */
  readonly blockTokens?: number
}

const FORMATS =
  'a Mooncake or Bailian trace (one request a line), a coding-agent session (one JSON object) or a folder of such sessions'

/**
 * Loads a request trace as its publisher wrote it; the format is recognised from the contents.
 * @param path a file, or a folder with one coding-agent session per `.json` file (read in the order of their names)
 * @throws TraceError if the path cannot be read or is not one of the formats
 */
export async function loadTrace(path: string, options: TraceOptions = {}): Promise<Workload> {
  const info = await stat(path).catch((error: unknown) => {
    throw new TraceError(path, undefined, `expected ${FORMATS}; cannot read it: ${reason(error)}`)
  })
  return info.isDirectory() ? loadFolder(path) : loadFile(path, options)
}

async function loadFolder(path: string): Promise<Workload> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort()
  if (names.length === 0)
    throw new TraceError(path, undefined, 'expected .json files of coding-agent sessions, found none')
  const sources: AgentTraceSource[] = []
  for (const name of names) sources.push({ file: join(path, name), text: await readFile(join(path, name), 'utf8') })
  return parseAgentTrace(sources)
}

async function loadFile(path: string, options: TraceOptions): Promise<Workload> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new TraceError(path, undefined, `cannot read the trace: ${reason(error)}`)
  })
  const lines = text.split('\n')
  const first = keysOf(lines.find((line) => line.trim() !== '') ?? '')
  if (first === undefined) return parseAgentTrace([{ file: path, text }])
  if (first.has('requests')) return parseAgentTrace(agentLines(path, lines))
  if (!first.has('hash_ids') && !first.has('timestamp')) {
    throw new TraceError(path, 1, `expected ${FORMATS}; found an object with ${[...first].join(', ') || 'no keys'}`)
  }
  const format = first.has('parent_chat_id') ? bailianFormat : mooncakeFormat
  return parseBlockTrace(text, path, { ...format, blockTokens: options.blockTokens ?? format.blockTokens })
}

/** One session a line, as the published tables hold them. */
function agentLines(file: string, lines: readonly string[]): AgentTraceSource[] {
  return lines.map((text, index) => ({ file, line: index + 1, text })).filter((source) => source.text.trim() !== '')
}

/** The keys of a line that is one whole JSON object, else undefined (an object over several lines, or no JSON). */
function keysOf(line: string): Set<string> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? new Set(Object.keys(value)) : new Set()
  } catch {
    return undefined
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
