import { ERRORS, type RouterError } from '../core/errors.ts'
import type { ErrorShape } from './route.ts'

/** A whole HTTP body: its media type and its bytes. */
export interface ErrorBody {
  readonly contentType: string
  readonly bytes: Uint8Array
}

const encoder = new TextEncoder()

/**
 * The body of an error answer in the shape the clients of a route expect: OpenAI's `{error: {message, type, param,
 * code}}` or Anthropic's `{type: 'error', error: {type, message}, request_id}`. The official SDKs choose their error
 * class by the HTTP status and show the message and, for OpenAI, code, param and type.
 */
export function errorBody(shape: ErrorShape, error: RouterError, requestId: string): ErrorBody {
  const body = shape === 'anthropic' ? anthropic(error, requestId) : openai(error)
  return { contentType: 'application/json', bytes: encoder.encode(JSON.stringify(body)) }
}

function openai({ code, message, param }: RouterError): object {
  return { error: { message, type: ERRORS[code].openai, param: param ?? null, code } }
}

function anthropic({ code, message }: RouterError, requestId: string): object {
  return { type: 'error', error: { type: ERRORS[code].anthropic, message }, request_id: requestId }
}
