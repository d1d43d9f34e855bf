import type { ServerResponse } from 'node:http'
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
}

/** Answers with one of the gateway's own errors. An answer that has begun can only be broken off. */
export function replyError(response: ServerResponse, reply: ErrorReply): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { shape, error, idHeader, requestId, decision } = reply
  const { contentType, bytes } = errorBody(shape, error, requestId)
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    'content-length': bytes.length,
    [idHeader]: requestId,
    'x-kvasir-reason': error.code,
  }
  if (decision !== undefined) headers['x-kvasir-endpoint'] = decision.endpoint
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = error.retryAfterSeconds
  response.writeHead(error.status, headers)
  response.end(bytes)
}
