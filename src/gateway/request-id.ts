import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const LONGEST = 200
const PRINTABLE = /^[\x21-\x7e]+$/

/** The request's id: the client's own `x-request-id` where it is printable and not too long, else a new one. */
export function requestId(message: IncomingMessage): string {
  const given = message.headers['x-request-id']
  if (typeof given === 'string' && given.length <= LONGEST && PRINTABLE.test(given)) return given
  return randomUUID()
}
