import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const LONGEST = 200
const PRINTABLE = /^[\x21-\x7e]+$/

/** The request's id: what the client sent under the header `name` where it is printable and not too long, else a new one. */
export function requestId(message: IncomingMessage, name: string): string {
  const given = message.headers[name]
  if (typeof given === 'string' && given.length <= LONGEST && PRINTABLE.test(given)) return given
  return randomUUID()
}
