import { z } from '../core/plugin.ts'
import type { SchedulingRequest } from '../core/request.ts'

const source = z.enum(['header', 'cookie', 'body', 'address'])

/** Where to look for a session, in order; spread into a plugin's options. */
export const sessionFields = {
  by: z
    .array(source)
    .min(1)
    .default(['header', 'cookie', 'body', 'address'])
    .describe(
      'Where the session is looked for, the first that is there wins: a request header, a cookie, the body (conversation ' +
        'or user field), the client address. Leave `address` out behind a proxy that hides its clients',
    ),
  headers: z
    .array(z.string().min(1))
    .default(['x-session-id', 'x-session-token', 'x-session-affinity', 'x-claude-code-session-id'])
    .describe('Request headers that may carry the session, in order'),
  cookie: z.string().min(1).default('session_id').describe('Cookie that may carry the session'),
}

const sessionOptions = z.strictObject(sessionFields)

export type SessionOptions = z.output<typeof sessionOptions>
export type SessionReader = (request: SchedulingRequest) => string | undefined

/** The value of one cookie in a `cookie` header (RFC 6265, section 4.2.1), undefined if it is not there. */
export function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals >= 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}

function createHeaderReader(headers: readonly string[]): SessionReader {
  const names = headers.map((name) => name.toLowerCase())
  return (request) => {
    for (const name of names) {
      const value = request.header(name)
      if (value) return value
    }
    return undefined
  }
}

function createCookieReader(name: string): SessionReader {
  return (request) => {
    const header = request.header('cookie')
    return header === undefined ? undefined : readCookie(header, name)
  }
}

/** Creates the function that finds a request's session; an empty value counts as absent. */
export function createSessionReader(options: SessionOptions): SessionReader {
  const sources: Record<z.output<typeof source>, SessionReader> = {
    header: createHeaderReader(options.headers),
    cookie: createCookieReader(options.cookie),
    body: (request) => request.session,
    address: (request) => request.clientAddress,
  }
  const readers = options.by.map((from) => sources[from])
  return (request) => {
    for (const read of readers) {
      const session = read(request)
      if (session) return session
    }
    return undefined
  }
}
