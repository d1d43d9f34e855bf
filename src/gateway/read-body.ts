import type { IncomingMessage } from 'node:http'

export type BodyResult =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large'; readonly found: number | undefined }
  | { readonly kind: 'aborted' }

const EMPTY = Buffer.alloc(0)

/**
 * Reads a request's body into one buffer: in place when the length is announced, so that a large prompt is copied once
 * from the socket and never again. Gives up as soon as the body is known to exceed `limit` bytes.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<BodyResult> {
  const announced = announcedLength(request)
  if (announced !== undefined && announced > limit) return Promise.resolve({ kind: 'too-large', found: announced })
  if (announced === 0) return Promise.resolve({ kind: 'body', bytes: EMPTY })
  return new Promise((resolve) => {
    const collector = announced === undefined ? collectChunks(limit) : fillBuffer(announced)
    request.on('data', (chunk: Buffer) => {
      if (!collector.add(chunk)) resolve({ kind: 'too-large', found: undefined })
    })
    request.on('end', () => resolve({ kind: 'body', bytes: collector.bytes() }))
    request.on('error', () => resolve({ kind: 'aborted' }))
    request.on('close', () => resolve({ kind: 'aborted' }))
  })
}

interface Collector {
  /** False when the limit is exceeded. */
  add(chunk: Buffer): boolean
  bytes(): Buffer
}

function announcedLength(request: IncomingMessage): number | undefined {
  const header = request.headers['content-length']
  if (header === undefined) return request.headers['transfer-encoding'] === undefined ? 0 : undefined
  return Number(header)
}

function fillBuffer(length: number): Collector {
  let whole: Buffer | undefined
  let filled = 0
  return {
    add(chunk) {
      if (whole === undefined) {
        if (chunk.length === length) {
          whole = chunk
          filled = length
          return true
        }
        whole = Buffer.allocUnsafe(length)
      }
      filled += chunk.copy(whole, filled)
      return true
    },
    bytes: () => whole?.subarray(0, filled) ?? EMPTY,
  }
}

function collectChunks(limit: number): Collector {
  const chunks: Buffer[] = []
  let total = 0
  return {
    add(chunk) {
      total += chunk.length
      if (total > limit) return false
      chunks.push(chunk)
      return true
    },
    bytes: () => (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total)),
  }
}
