import type { ServerResponse } from 'node:http'
import type { Decision } from '../core/decision.ts'
import type { RouterError } from '../core/errors.ts'
import { errorBody } from '../protocol/error-body.ts'
import type { ErrorShape } from '../protocol/route.ts'

/** Answers with one of the gateway's own errors, in the shape the route's clients expect. */
export function replyError(
  response: ServerResponse,
  shape: ErrorShape,
  error: RouterError,
  requestId: string,
  decision?: Decision,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { contentType, bytes } = errorBody(shape, error, requestId)
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    'content-length': bytes.length,
    'x-request-id': requestId,
    'x-kvasir-reason': error.code,
  }
  if (decision !== undefined) headers['x-kvasir-endpoint'] = decision.endpoint
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = error.retryAfterSeconds
  response.writeHead(error.status, headers)
  response.end(bytes)
}
