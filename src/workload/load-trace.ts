import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAgentTrace } from './agent-trace.ts'
import type { AgentTraceSource } from './agent-trace.ts'
import { bailianFormat, mooncakeFormat, parseBlockTrace } from './block-trace.ts'
import { parseDecisionLog } from './decision-log.ts'
import { TraceError } from './trace-error.ts'
import type { Workload } from './workload.ts'

/** How to read a trace where the format alone does not say. */
export interface TraceOptions {
  /** Tokens of a block of a trace with one request a line (default: what the publisher uses). */
  readonly blockTokens?: number
  /** Keeps the requests for this model (default: all must be for one), where a trace names models. */
  readonly model?: string
}

const FORMATS =
  'a Mooncake or Bailian trace (one request a line), a decision log, a coding-agent session (one JSON object) or a folder ' +
  'of such sessions or of decision logs (.jsonl)'

/**
 * Loads a request trace as its publisher wrote it; the format is recognised from the contents.
 * @param path a file, or a folder with one coding-agent session per `.json` file or with decision logs in `.jsonl` files
 *   (read in the order of their names)
 * @throws TraceError if the path cannot be read or is not one of the formats
 */
export async function loadTrace(path: string, options: TraceOptions = {}): Promise<Workload> {
  const info = await stat(path).catch((error: unknown) => {
    throw new TraceError(path, undefined, `expected ${FORMATS}; cannot read it: ${reason(error)}`)
  })
  return info.isDirectory() ? loadFolder(path, options) : loadFile(path, options)
}

async function loadFolder(path: string, options: TraceOptions): Promise<Workload> {
  const names = (await readdir(path)).sort()
  const read = (ending: string) =>
    Promise.all(names.filter((name) => name.endsWith(ending)).map((name) => readSource(join(path, name))))
  const sessions = await read('.json')
  if (sessions.length > 0) return parseAgentTrace(sessions)
  const logs = await read('.jsonl')
  if (logs.length > 0) return parseDecisionLog(logs, options.model)
  throw new TraceError(
    path,
    undefined,
    'expected .json files of coding-agent sessions or .jsonl files of decision logs, found none',
  )
}

async function readSource(file: string): Promise<{ readonly file: string; readonly text: string }> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new TraceError(file, undefined, `cannot read the trace: ${reason(error)}`)
  })
  return { file, text }
}

async function loadFile(path: string, options: TraceOptions): Promise<Workload> {
  const { text } = await readSource(path)
  const lines = text.split('\n')
  const first = keysOf(lines.find((line) => line.trim() !== '') ?? '')
  if (first === undefined) {
    if (text.trimStart().startsWith('{')) return parseAgentTrace([{ file: path, text }])
    const found = JSON.stringify(text.trimStart().slice(0, 60))
    throw new TraceError(
      path,
      1,
      `expected ${FORMATS}, all of them JSON with the ids of prompts' blocks; found ${found}`,
    )
  }
  if (first.has('requests')) return parseAgentTrace(agentLines(path, lines))
  if (first.has('kvasir')) return parseDecisionLog([{ file: path, text }], options.model)
  if (first.has('timestamp') && !first.has('hash_ids')) {
    const problem =
      'hash_ids is missing: this trace says when requests come and how long they are, but not which of them share a prefix; ' +
      'expected the ids of the blocks of every prompt beside timestamp, input_length and output_length'
    throw new TraceError(path, 1, problem)
  }
  if (!first.has('hash_ids')) {
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
