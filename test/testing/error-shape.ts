import { expect } from 'vitest'
import { z } from 'zod'

export interface ExpectedError {
  readonly status: number
  readonly code: string
  /** `error.type`. */
  readonly type?: string
  /** OpenAI's `error.param`; null by default. */
  readonly param?: string
  /** What the message has to say. */
  readonly message: RegExp
}

/** What of a refusal is compared: its body, and the headers that every refusal has. */
export interface ErrorAnswer {
  readonly status: number
  /** Parsed where it is JSON. */
  readonly body: unknown
  readonly contentType: string | undefined
  readonly requestId: string | undefined
  /** False where the body names another request id than the header. */
  readonly oneRequestId: boolean
  readonly reason: string | undefined
  readonly retryAfter: string | undefined
}

/** A refusal as it came; `headers` by their lower-case names. */
export function errorAnswer(status: number, text: string, headers: Readonly<Record<string, string>>): ErrorAnswer {
  const body = parsed(text)
  const requestId = headers['x-request-id']
  const inBody = z.object({ request_id: z.string() }).safeParse(body).data?.request_id
  return {
    status,
    body,
    contentType: headers['content-type'],
    requestId,
    oneRequestId: inBody === undefined || inBody === requestId,
    reason: headers['x-kvasir-reason'],
    retryAfter: headers['retry-after'],
  }
}

/** The same of an answer of `fetch`. */
export async function fetchedError(answer: Promise<Response>): Promise<ErrorAnswer> {
  const { status, headers } = await answer
  return errorAnswer(status, await (await answer).text(), Object.fromEntries(headers))
}

/** `{error: {message, type, param, code}}` and nothing else, with an id and a reason in the headers. */
export function openAiError({ status, code, type, param, message }: ExpectedError) {
  const error = {
    message: expect.stringMatching(message),
    type: type ?? expect.any(String),
    param: param ?? null,
    code,
  }
  return expect.objectContaining({ status, body: { error }, ...headersOf(code) })
}

/** `{type: 'error', error: {type, message}, request_id}` and nothing else, with an id and a reason in the headers. */
export function anthropicError({ status, code, type, message }: ExpectedError) {
  const error = { type: type ?? expect.any(String), message: expect.stringMatching(message) }
  const body = { type: 'error', error, request_id: expect.any(String) }
  return expect.objectContaining({ status, body, ...headersOf(code) })
}

function headersOf(code: string) {
  return {
    contentType: expect.stringMatching(/^application\/json/),
    requestId: expect.stringMatching(/^[\x21-\x7e]+$/),
    oneRequestId: true,
    reason: code,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
