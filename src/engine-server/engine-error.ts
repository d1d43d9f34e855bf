import type { Flavor } from './flavor.ts'

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  429: 'RateLimitError',
  500: 'InternalServerError',
  503: 'ServiceUnavailableError',
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
}

const LLAMA_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  503: 'unavailable_error',
}

/** In which shape a route reports errors: that of the engine, or Anthropic's. */
export type ErrorShape = Flavor | 'anthropic'

/** A request that the engine answers with an error status, or with an error inside a stream. */
export class EngineError extends Error {
  readonly status: number
  /** The request field that is to blame. */
  readonly param: string | null

  constructor(status: number, message: string, param: string | null = null) {
    super(message)
    this.name = 'EngineError'
    this.status = status
    this.param = param
  }
}

/** The error as the engine writes it: its own body on OpenAI's routes, Anthropic's on `/v1/messages`. */
export function engineErrorBody(error: EngineError, shape: ErrorShape): string {
  const { status, message, param } = error
  if (shape === 'anthropic') {
    return JSON.stringify({ type: 'error', error: { type: ANTHROPIC_TYPES[status] ?? 'api_error', message } })
  }
  if (shape === 'llama.cpp') {
    return JSON.stringify({ error: { code: status, message, type: LLAMA_TYPES[status] ?? 'server_error' } })
  }
  const type = OPENAI_TYPES[status] ?? (status < 500 ? 'BadRequestError' : 'InternalServerError')
  if (shape === 'sglang') return JSON.stringify({ object: 'error', message, type, param, code: status })
  return JSON.stringify({ error: { message, type, param, code: status } })
}

/**
 * The error as the engine writes it into a stream whose status was 200 already, with what follows it there: the end mark
 * of OpenAI's routes, other than by llama.cpp. SGLang puts its body, which stands alone elsewhere, behind `error`.
 */
export function engineErrorEvents(error: EngineError, shape: ErrorShape): string {
  const body = engineErrorBody(error, shape)
  if (shape === 'anthropic') return `event: error\ndata: ${body}\n\n`
  if (shape === 'llama.cpp') return `data: ${body}\n\n`
  return `data: ${shape === 'sglang' ? `{"error":${body}}` : body}\n\ndata: [DONE]\n\n`
}
