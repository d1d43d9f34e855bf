import type { z } from 'zod'
import { EngineError } from './engine-error.ts'

/** The body as a schema sees it. Throws an EngineError of status 400 that names the first field that is wrong. */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = issue?.path.join('.') ?? ''
  throw new EngineError(400, `${path === '' ? 'body' : path}: ${issue?.message ?? 'invalid'}`, path || null)
}

/** The JSON in a request body; undefined when there is none. Throws an EngineError of status 400. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError(400, `There was an error parsing the body: ${reason}`)
  }
}
