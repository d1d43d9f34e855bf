import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { routerError } from '../core/errors.ts'
import { errorBody } from '../protocol/error-body.ts'

/**
 * Answers a request that broke the HTTP parser, so that nobody has to guess: headers over the limit get 431, anything
 * else 400. The connection is closed, since its next byte has no meaning.
 */
export function refuseBrokenRequest(error: Error, socket: Duplex, headerLimit: number): void {
  if (!socket.writable || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy()
    return
  }
  const tooLarge = 'code' in error && error.code === 'HPE_HEADER_OVERFLOW'
  const refusal = tooLarge
    ? routerError('headers_too_large', { limitBytes: headerLimit })
    : routerError('malformed_http', { reason: error.message })
  const { contentType, bytes } = errorBody('openai', refusal, '')
  const head = [
    `HTTP/1.1 ${refusal.status} ${tooLarge ? 'Request Header Fields Too Large' : 'Bad Request'}`,
    `content-type: ${contentType}`,
    `content-length: ${bytes.length}`,
    `x-request-id: ${randomUUID()}`,
    `x-kvasir-reason: ${refusal.code}`,
    'connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  socket.end(bytes)
}
