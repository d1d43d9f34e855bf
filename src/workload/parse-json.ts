import type { z } from 'zod'
import { TraceError } from './trace-error.ts'

const SHOWN = 60

/** Parses JSON text of a trace; a syntax error becomes a {@link TraceError} that says what was expected. */
export function parseTraceJson(text: string, file: string, line: number | undefined, expected: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const found = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text
    throw new TraceError(file, line, `expected ${expected}, found text that is not JSON (${reason}): ${found}`)
  }
}

/** Checks a value against a schema; the first problem becomes a {@link TraceError}. */
export function checkTraceValue<T>(
  schema: z.ZodType<T>,
  value: unknown,
  file: string,
  line: number | undefined,
  expected: string,
): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.map(String).join('.') ?? ''
  throw new TraceError(
    file,
    line,
    `expected ${expected}; ${path === '' ? '' : `${path}: `}${issue?.message ?? 'invalid'}`,
  )
}
