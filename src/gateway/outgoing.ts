import type { IncomingMessage } from 'node:http'
import type { Dispatcher } from 'undici'
import { forwardRequestHeaders } from '../protocol/hop-by-hop.ts'

/** Where in a body the model's name stands, quotes included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * What is sent to an engine: the client's request line, headers and bytes as they came. Only the headers of the client's
 * own connection are left out, and a missing request id is added.
 */
export function outgoingRequest(
  message: IncomingMessage,
  body: Buffer,
  id: { readonly header: string; readonly value: string },
  dropped: ReadonlySet<string>,
): Dispatcher.DispatchOptions {
  const headers = forwardRequestHeaders(message.rawHeaders, dropped)
  if (message.headers[id.header] !== id.value) setHeader(headers, id.header, id.value)
  return {
    path: message.url ?? '/',
    method: message.method ?? 'GET',
    headers,
    body: body.length === 0 ? null : body,
  }
}

/** Sets a header in a flat name, value list: one of that name is replaced. */
function setHeader(headers: string[], name: string, value: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]!.toLowerCase() === name) headers.splice(i, 2)
  }
  headers.push(name, value)
}

/** The body with another model name in place of an alias; every other byte stays. */
export function withModel(body: Buffer, range: ByteRange, model: string): Buffer {
  return Buffer.concat([body.subarray(0, range.start), Buffer.from(JSON.stringify(model)), body.subarray(range.end)])
}
