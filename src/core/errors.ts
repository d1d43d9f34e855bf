/** No details at all. */
type Nothing = Readonly<Record<string, never>>

/** What each of the gateway's own errors has to say about itself, so that its message can be exact. */
export interface ErrorDetails {
  /** `reason`: what is wrong and at which byte. */
  readonly malformed_json: { readonly reason: string }
  readonly malformed_http: { readonly reason: string }
  readonly invalid_request: { readonly param: string; readonly expected: string; readonly found: string }
  readonly model_not_found: { readonly model: string; readonly known: readonly string[] }
  readonly route_not_found: { readonly method: string; readonly path: string }
  readonly method_not_allowed: {
    readonly method: string
    readonly path: string
    readonly allowed: readonly string[]
  }
  readonly body_too_large: { readonly limitBytes: number }
  readonly headers_too_large: { readonly limitBytes: number }
  readonly unsupported_media: { readonly encoding: string }
  /** `reason`: a clause such as "none of the 3 endpoints of model 'm' is ready". */
  readonly no_ready_endpoint: { readonly reason: string; readonly retryAfterSeconds: number }
  readonly overloaded: { readonly reason: string; readonly retryAfterSeconds: number }
  /** `attempts`: endpoints tried; `reason`: how the last one failed. */
  readonly endpoint_unreachable: { readonly attempts: number; readonly reason: string }
  readonly endpoint_failed: { readonly attempts: number; readonly reason: string }
  /** `waitedFor`: what did not come, such as "the first byte of the answer". */
  readonly endpoint_timeout: { readonly waitedFor: string; readonly seconds: number }
  readonly draining: { readonly retryAfterSeconds: number }
  readonly client_closed: Nothing
  readonly internal: Nothing
}

export type ErrorCode = keyof ErrorDetails

/** One row of the error table. */
export interface ErrorRow<Details> {
  /** HTTP status. */
  readonly status: number
  /** True when the same request may succeed later. */
  readonly retryHelps: boolean
  /** `error.type` in a body of OpenAI's shape. */
  readonly openai: string
  /** `error.type` in a body of Anthropic's shape. */
  readonly anthropic: string
  /** What was expected, what was found, where, and what to do. */
  message(details: Details): string
}

const MODELS_LISTED = 10

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length - MODELS_LISTED
  const shown = names
    .slice(0, MODELS_LISTED)
    .map((name) => `'${name}'`)
    .join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

function attempts(count: number): string {
  return count === 1 ? '1 endpoint' : `${count} endpoints`
}

const wrong = { retryHelps: false, openai: 'invalid_request_error', anthropic: 'invalid_request_error' }
const absent = { ...wrong, status: 404, anthropic: 'not_found_error' }
const tooLarge = { ...wrong, anthropic: 'request_too_large' }
const busy = { status: 503, retryHelps: true, openai: 'server_error', anthropic: 'overloaded_error' }
const failed = { status: 502, retryHelps: true, openai: 'server_error', anthropic: 'api_error' }

/**
 * The one table of the errors the gateway itself answers with. An engine's own error answers are relayed and have no
 * row here. 499 is the log status for a client that left before its answer; it is never sent.
 */
export const ERRORS: { readonly [Code in ErrorCode]: ErrorRow<ErrorDetails[Code]> } = {
  malformed_json: {
    ...wrong,
    status: 400,
    message: ({ reason }) => `The request body is not valid JSON: ${reason}. Send one JSON object.`,
  },
  malformed_http: {
    ...wrong,
    status: 400,
    message: ({ reason }) => `The request is not valid HTTP: ${reason}.`,
  },
  invalid_request: {
    ...wrong,
    status: 400,
    message: ({ param, expected, found }) => `'${param}' must be ${expected}, but is ${found}.`,
  },
  model_not_found: {
    ...absent,
    message: ({ model, known }) => `Model '${model}' is not served here. Known models: ${listed(known)}.`,
  },
  route_not_found: {
    ...absent,
    message: ({ method, path }) => `Nothing is served at ${method} ${path}. Paths under /v1/ are.`,
  },
  method_not_allowed: {
    ...wrong,
    status: 405,
    message: ({ method, path, allowed }) => `${path} does not take ${method}. Use ${allowed.join(' or ')}.`,
  },
  body_too_large: {
    ...tooLarge,
    status: 413,
    message: ({ limitBytes }) => `The request body is larger than the limit of ${limitBytes} bytes. Send less.`,
  },
  headers_too_large: {
    ...tooLarge,
    status: 431,
    message: ({ limitBytes }) => `The request headers are larger than the limit of ${limitBytes} bytes. Send fewer.`,
  },
  unsupported_media: {
    ...wrong,
    status: 415,
    message: ({ encoding }) =>
      `The request body has content-encoding '${encoding}', which is not understood. Send it uncompressed.`,
  },
  no_ready_endpoint: {
    ...busy,
    message: ({ reason, retryAfterSeconds }) => `No endpoint is ready: ${reason}. ${retryIn(retryAfterSeconds)}`,
  },
  overloaded: {
    ...busy,
    message: ({ reason, retryAfterSeconds }) => `No endpoint has room: ${reason}. ${retryIn(retryAfterSeconds)}`,
  },
  endpoint_unreachable: {
    ...failed,
    message: (details) => `No connection after trying ${attempts(details.attempts)}: ${details.reason}. Try again.`,
  },
  endpoint_failed: {
    ...failed,
    message: (details) =>
      `No answer after trying ${attempts(details.attempts)}: the last failed before its first byte: ${details.reason}. Try again.`,
  },
  endpoint_timeout: {
    ...failed,
    status: 504,
    anthropic: 'timeout_error',
    message: ({ waitedFor, seconds }) => `Gave up waiting for ${waitedFor} after ${seconds} s. Try again.`,
  },
  draining: {
    ...busy,
    message: ({ retryAfterSeconds }) =>
      `The router is shutting down and takes no new requests. ${retryIn(retryAfterSeconds)}`,
  },
  client_closed: { ...wrong, status: 499, message: () => 'The client closed the connection before the answer ended.' },
  internal: { ...failed, status: 500, message: () => 'The router failed on this request. Its log has the cause.' },
}

function retryIn(seconds: number): string {
  return `Try again in ${seconds} s.`
}

/** An error of the gateway's own, ready to be answered in whichever shape the client's route speaks. */
export interface RouterError {
  readonly code: ErrorCode
  /** HTTP status. */
  readonly status: number
  readonly message: string
  /** True when the same request may succeed later. */
  readonly retryHelps: boolean
  /** The field of the request that is wrong. */
  readonly param: string | undefined
  /** Value of a Retry-After header, in seconds. */
  readonly retryAfterSeconds: number | undefined
}

/** The error of the table's row `code`; `details` are what that row's message needs. */
export function routerError<Code extends ErrorCode>(code: Code, details: ErrorDetails[Code]): RouterError {
  const row: ErrorRow<ErrorDetails[Code]> = ERRORS[code]
  const all: ErrorDetails[ErrorCode] = details
  return {
    code,
    status: row.status,
    message: row.message(details),
    retryHelps: row.retryHelps,
    param: 'param' in all ? all.param : undefined,
    retryAfterSeconds: 'retryAfterSeconds' in all ? all.retryAfterSeconds : undefined,
  }
}
