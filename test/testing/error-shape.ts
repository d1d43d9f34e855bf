import { expect } from 'vitest'

export interface ExpectedError {
  readonly status: number
  readonly code: string
  /** OpenAI's `error.type`. */
  readonly type?: string
  /** OpenAI's `error.param`. */
  readonly param?: string | null
  /** What the message has to say. */
  readonly message: RegExp
}

/** What of an answer is checked; the headers' names are in lower case. */
export interface ErrorAnswer {
  readonly status: number
  readonly body: string
  header(name: string): string | null
}

/** An answer of `fetch` in that form. */
export async function errorAnswer(answer: Response): Promise<ErrorAnswer> {
  return { status: answer.status, body: await answer.text(), header: (name) => answer.headers.get(name) }
}

/** Checks that a refusal is `{error: {message, type, param, code}}` and nothing else, with its id and its reason. */
export function expectOpenAiError(answer: ErrorAnswer, { status, code, type, param, message }: ExpectedError): void {
  expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(/^\{.*\}$/s)])
  expect(JSON.parse(answer.body)).toEqual({
    error: {
      message: expect.stringMatching(message),
      type: type ?? expect.any(String),
      param: param === undefined ? null : param,
      code,
    },
  })
  expectHeaders(answer, code)
}

/** Checks that a refusal is `{type: 'error', error: {type, message}, request_id}` and nothing else. */
export function expectAnthropicError(answer: ErrorAnswer, { status, code, type, message }: ExpectedError): void {
  expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(/^\{.*\}$/s)])
  expect(JSON.parse(answer.body)).toEqual({
    type: 'error',
    error: { type: type ?? expect.any(String), message: expect.stringMatching(message) },
    request_id: answer.header('x-request-id'),
  })
  expectHeaders(answer, code)
}

function expectHeaders({ header }: ErrorAnswer, code: string): void {
  expect(header('content-type')).toMatch(/^application\/json/)
  expect(header('x-request-id')).toMatch(/^[\x21-\x7e]+$/)
  expect(header('x-kvasir-reason')).toBe(code)
}
