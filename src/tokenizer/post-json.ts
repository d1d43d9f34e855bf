import { request } from 'undici'
import type { z } from 'zod'
import { messageOf, TokenizerError } from './tokenizer-error.ts'

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** Bytes of an answer: a million ids in JSON fit. */
const LARGEST_ANSWER = 16 << 20

/** The engine has no such route. */
export class RouteMissing extends TokenizerError {
  constructor(url: string, status: number) {
    super('remote', `POST ${url}: expected an answer, found status ${status}: this engine does not serve the route`)
  }
}

/** The engine will have nothing to do with this request: another one may be answered. */
export class RequestRefused extends TokenizerError {
  constructor(url: string, status: number, text: string) {
    super('inexact', `POST ${url}: expected tokens, found status ${status}: ${text.slice(0, 200)}`)
  }
}

const REFUSED: ReadonlySet<number> = new Set([400, 413, 422])
const MISSING: ReadonlySet<number> = new Set([404, 405, 501])
/** vLLM answers 404 as well where it does not serve the model. */
const OTHER_MODEL = /\bmodel\b/i

/**
 * Posts JSON text and reads a JSON answer of the given shape. Rejects with a TokenizerError (`remote`) that says what came
 * instead; with `RequestRefused` where the engine refuses what it was asked.
 */
export async function postJson<T>(url: string, body: string, schema: z.ZodType<T>, options: PostOptions): Promise<T> {
  const signal = AbortSignal.timeout(options.timeoutMs)
  const fail = (found: string, cause?: unknown): TokenizerError =>
    new TokenizerError('remote', `POST ${url}: expected tokens, found ${found}`, { cause })
  let status: number
  let text: string
  try {
    const headers = { ...options.headers, 'content-type': 'application/json' }
    const answer = await request(url, { method: 'POST', headers, body, signal })
    status = answer.statusCode
    text = await readText(answer.body)
  } catch (error) {
    if (signal.aborted) throw fail(`no answer within ${options.timeoutMs} ms; give it more time or tokenize locally`)
    throw fail(messageOf(error), error)
  }
  if (MISSING.has(status) && !OTHER_MODEL.test(text)) throw new RouteMissing(url, status)
  if (REFUSED.has(status)) throw new RequestRefused(url, status, text)
  if (status !== 200) throw fail(`status ${status}: ${text.slice(0, 200)}`)
  const parsed = schema.safeParse(parseJson(text))
  if (!parsed.success) throw fail(`another answer: ${parsed.error.issues[0]?.message ?? ''}: ${text.slice(0, 100)}`)
  return parsed.data
}

async function readText(body: AsyncIterable<unknown>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    if (chunk instanceof Uint8Array) text += decoder.decode(chunk, { stream: true })
    if (text.length > LARGEST_ANSWER) throw new Error(`an answer of more than ${LARGEST_ANSWER} bytes`)
  }
  return text + decoder.decode()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
