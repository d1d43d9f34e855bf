import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Decision } from '../core/decision.ts'
import type { RouterError } from '../core/errors.ts'
import { errorBody } from '../protocol/error-body.ts'
import type { ErrorShape } from '../protocol/route.ts'

export interface ErrorReply {
  /** Shape of the body that the route's clients expect. */
  readonly shape: ErrorShape
  readonly error: RouterError
  /** Name of the header that carries the request id. */
  readonly idHeader: string
  readonly requestId: string
  /** The decision whose endpoint failed, if there was one. */
  readonly decision?: Decision | undefined
  /** The request whose body is still coming in, when it is not read to its end. */
  readonly unread?: IncomingMessage | undefined
}

/** Seconds in which a refused body is still read, so that the client can read the refusal. */
const LINGER = 2

/** Answers with one of the gateway's own errors. An answer that has begun can only be broken off. */
export function replyError(response: ServerResponse, reply: ErrorReply): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { shape, error, idHeader, requestId, decision, unread } = reply
  const { contentType, bytes } = errorBody(shape, error, requestId)
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    'content-length': bytes.length,
    [idHeader]: requestId,
    'x-kvasir-reason': error.code,
  }
  if (decision !== undefined) headers['x-kvasir-endpoint'] = decision.endpoint
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = error.retryAfterSeconds
  if (unread !== undefined) headers['connection'] = 'close'
  response.writeHead(error.status, headers)
  if (unread === undefined) response.end(bytes)
  else endAfterBody(response, bytes, unread)
}

/**
 * Reads on for a moment before the answer ends: closing a connection on which bytes arrive resets it, and the client
 * would see the reset instead of the refusal.
 */
function endAfterBody(response: ServerResponse, bytes: Uint8Array, unread: IncomingMessage): void {
  response.write(bytes)
  const timer = setTimeout(() => unread.destroy(), LINGER * 1000)
  unread.once('close', () => {
    clearTimeout(timer)
    response.end()
  })
  unread.resume()
}
