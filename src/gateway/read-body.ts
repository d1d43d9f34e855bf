import type { IncomingMessage } from 'node:http'
import type { BodyBuffers } from './body-buffers.ts'

const EMPTY = Buffer.alloc(0)

/**
 * Reads a request's body into one buffer: in place when the length is announced, so that a large prompt is copied once
 * from the socket and never again. Calls back with the bytes, or with undefined as soon as the body is known to exceed
 * `limit` bytes. Calls back never when the client leaves before the end.
 */
export function readBody(
  message: IncomingMessage,
  limit: number,
  buffers: BodyBuffers,
  done: (bytes: Buffer | undefined) => void,
): void {
  const announced = announcedLength(message)
  if (announced === 0) return done(EMPTY)
  if (announced === undefined) return gather(message, limit, done)
  if (announced > limit) return done(undefined)
  fill(message, announced, buffers, done)
}

function announcedLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length']
  if (length === undefined) return headers['transfer-encoding'] === undefined ? 0 : undefined
  return Number(length)
}

/** Reads a body of known length. The parser sees to it that neither more nor less comes. */
function fill(message: IncomingMessage, length: number, buffers: BodyBuffers, done: (bytes: Buffer) => void): void {
  let whole: Buffer | undefined
  let filled = 0
  message.on('data', (chunk: Buffer) => {
    if (chunk.length === length) {
      whole = chunk
      return
    }
    whole ??= buffers.take(length)
    filled += chunk.copy(whole, filled)
  })
  message.on('end', () => done(whole ?? EMPTY))
}

/** Reads a body whose length shows at its end. */
function gather(message: IncomingMessage, limit: number, done: (bytes: Buffer | undefined) => void): void {
  const chunks: Buffer[] = []
  let total = 0
  message.on('data', (chunk: Buffer) => {
    const before = total
    total += chunk.length
    if (total <= limit) chunks.push(chunk)
    else if (before <= limit) done(undefined)
  })
  message.on('end', () => {
    if (total <= limit) done(Buffer.concat(chunks, total))
  })
}
