import type { StreamError } from './stream-event.ts'

/** Whom an error inside a stream speaks of: the engine's load, what the client asked, or the engine itself. */
export type Blame = 'load' | 'client' | 'engine'

/** Error types that say "too busy": vLLM, llama.cpp, TGI, Anthropic's protocol, OpenAI's. */
const LOAD_TYPES: ReadonlySet<string> = new Set([
  'ServiceUnavailableError',
  'unavailable_error',
  'overloaded',
  'overloaded_error',
  'rate_limit_error',
  'RateLimitError',
])

/** Error types that say "wrong request": OpenAI's protocol, vLLM, llama.cpp, TGI. */
const CLIENT_TYPES: ReadonlySet<string> = new Set([
  'invalid_request_error',
  'BadRequestError',
  'NotFoundError',
  'not_found_error',
  'exceed_context_size_error',
  'validation',
])

/**
 * Whom to blame. Most engines put the HTTP status they would have answered with into `code`; where they do not, the
 * type of the error decides. Whatever is not known is the engine's own failure.
 */
export function blameOf({ code, type }: StreamError): Blame {
  const status = Number(code)
  if (status === 429 || status === 503) return 'load'
  if (status >= 400 && status < 500) return 'client'
  if (status >= 500 && status < 600) return 'engine'
  if (type !== undefined && LOAD_TYPES.has(type)) return 'load'
  return type !== undefined && CLIENT_TYPES.has(type) ? 'client' : 'engine'
}
