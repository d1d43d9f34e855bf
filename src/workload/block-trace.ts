import { z } from 'zod'
import { checkTraceValue, parseTraceJson } from './parse-json.ts'
import { TraceError } from './trace-error.ts'
import type { Workload, WorkloadSession } from './workload.ts'

/** Where a block trace stands apart from the others of its kind. */
export interface BlockTraceFormat {
  readonly name: string
  /** Tokens of a block. */
  readonly blockTokens: number
  /** Seconds that one unit of `timestamp` means. */
  readonly tick: number
}

/** Mooncake (FAST'25): 512-token blocks, timestamps in ms. github.com/kvcache-ai/Mooncake, FAST25-release/traces. */
export const mooncakeFormat: BlockTraceFormat = { name: 'mooncake', blockTokens: 512, tick: 0.001 }

/** Alibaba Bailian: 16-token blocks, timestamps in s. github.com/alibaba-edu/qwen-bailian-usagetraces-anon. */
export const bailianFormat: BlockTraceFormat = { name: 'bailian', blockTokens: 16, tick: 1 }

const EXPECTED =
  'one JSON object a line with timestamp, input_length, output_length (numbers) and hash_ids (whole numbers)'

const lineSchema = z.object({
  timestamp: z.number().nonnegative(),
  input_length: z.int().nonnegative(),
  output_length: z.int().nonnegative(),
  hash_ids: z.array(z.int()),
})

/**
 * Reads a trace with one request a line, each with the ids of its prompt's blocks; the last block may be partial.
 * Requests that start with the same ids share that prefix. Every request is a session of its own.
 * @param text contents of the file; `file` is its name for messages
 * @throws TraceError with the line number
 */
export function parseBlockTrace(text: string, file: string, format: BlockTraceFormat): Workload {
  const sessions: WorkloadSession[] = []
  const dense = new Map<number, number>()
  let line = 0
  for (const source of text.split('\n')) {
    line++
    if (source.trim() === '') continue
    const value = checkTraceValue(lineSchema, parseTraceJson(source, file, line, EXPECTED), file, line, EXPECTED)
    checkBlockCount(value.input_length, value.hash_ids.length, format, file, line)
    const ids = Uint32Array.from(value.hash_ids, (id) => denseId(dense, id))
    const id = `r${sessions.length}`
    sessions.push({
      id,
      start: value.timestamp * format.tick,
      requests: [
        {
          id,
          session: id,
          turn: 0,
          offset: 0,
          after: [],
          think: 0,
          messages: [{ role: 'user', parts: [{ ids, unit: format.blockTokens, tokens: value.input_length }] }],
          promptTokens: value.input_length,
          outputTokens: Math.max(1, value.output_length),
        },
      ],
    })
  }
  if (sessions.length === 0) throw new TraceError(file, undefined, `expected ${EXPECTED}, found no line`)
  return { name: format.name, pacing: 'open', sessions, notes: [] }
}

function denseId(dense: Map<number, number>, id: number): number {
  const known = dense.get(id)
  if (known !== undefined) return known
  dense.set(id, dense.size)
  return dense.size - 1
}

function checkBlockCount(tokens: number, blocks: number, format: BlockTraceFormat, file: string, line: number) {
  const expected = Math.ceil(tokens / format.blockTokens)
  if (blocks === expected) return
  throw new TraceError(
    file,
    line,
    `input_length ${tokens} needs ${expected} hash_ids of ${format.blockTokens} tokens, found ${blocks}; ` +
      'if the trace has blocks of another size, give it with --trace-block-tokens',
  )
}
