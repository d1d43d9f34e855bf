import type { IncomingMessage } from 'node:http'
import type { Dispatcher } from 'undici'
import { forwardRequestHeaders } from '../protocol/hop-by-hop.ts'

/** A request as undici takes it; headers are a flat name, value list. */
export interface OutgoingRequest extends Dispatcher.DispatchOptions {
  readonly headers: string[]
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
): OutgoingRequest {
  const headers = forwardRequestHeaders(message.rawHeaders, dropped)
  if (message.headers[id.header] !== id.value) setHeader(headers, id.header, id.value)
  return {
    path: message.url ?? '/',
    method: message.method ?? 'GET',
    headers,
    body: body.length === 0 ? null : body,
  }
}

/** A copy of a flat name, value list without the headers of a lower-case name. */
export function withoutHeader(headers: readonly string[], name: string): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== name) kept.push(headers[i]!, headers[i + 1]!)
  }
  return kept
}

/** Sets a header in a flat name, value list: one of that name is replaced. */
function setHeader(headers: string[], name: string, value: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]!.toLowerCase() === name) headers.splice(i, 2)
  }
  headers.push(name, value)
}
