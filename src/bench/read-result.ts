import { readFile } from 'node:fs/promises'
import { InputError } from '../report/input-error.ts'
import { benchResultSchema } from './result-schema.ts'
import type { BenchResult } from './result-schema.ts'

/**
 * Reads a result file.
 * @throws InputError naming the file and what in it is not as it should be
 */
export async function readResult(path: string): Promise<BenchResult> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new InputError(`${path}: expected a result of kvasir bench --json, cannot read it: ${message(error)}`)
  })
  const result = benchResultSchema.safeParse(parse(path, text))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue?.path.map(String).join('.') ?? ''
  throw new InputError(
    `${path}: expected a result of kvasir bench --json, version 1; ${where === '' ? '' : `${where}: `}${issue?.message ?? 'invalid'}`,
  )
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InputError(`${path}: expected a result of kvasir bench --json, found no JSON: ${message(error)}`)
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
