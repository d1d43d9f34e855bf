import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { relayResponseHeaders } from '../protocol/hop-by-hop.ts'

/** The head of an engine's answer. */
export interface AnswerHead {
  readonly status: number
  readonly statusText: string | undefined
  readonly controller: Dispatcher.DispatchController
  readonly knownLength: boolean
}

/**
 * The answer's headers that go on to the client, a flat name, value list; its length only where the body stays as it is,
 * and without the header of the lower-case name `dropped`.
 */
export function answerHeaders(
  { controller, knownLength }: AnswerHead,
  sameBody: boolean,
  dropped: string | undefined,
): string[] {
  const headers = relayResponseHeaders(namesAndValues(controller.rawHeaders))
  if (dropped !== undefined) drop(headers, dropped)
  if (!sameBody && knownLength) drop(headers, 'content-length')
  return headers
}

function drop(headers: string[], name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    const found = headers[i]!
    if (found.length === name.length && found.toLowerCase() === name) headers.splice(i, 2)
  }
}

/** Begins the answer to the client. */
export function writeAnswerHead(response: ServerResponse, head: AnswerHead, headers: string[]): void {
  const { status, statusText } = head
  if (statusText === undefined || statusText === '') response.writeHead(status, headers)
  else response.writeHead(status, statusText, headers)
  // Head and first chunk of a stream usually arrive together: they leave in one packet, but a lone head is not held.
  if (!head.knownLength) process.nextTick(flushHead, response)
}

function flushHead(response: ServerResponse): void {
  if (!response.writableEnded && !response.destroyed) response.flushHeaders()
}

/** undici hands raw headers over as bytes, one byte a character. */
function namesAndValues(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const flat: string[] = []
  if (!Array.isArray(raw)) return flat
  for (const part of raw) flat.push(typeof part === 'string' ? part : part.toString('latin1'))
  return flat
}
