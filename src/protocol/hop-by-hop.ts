/** Headers that concern one connection only (RFC 9110, section 7.6.1), in lower case. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the gateway sets itself towards an endpoint: the address, the length of the body it holds, no expectation. */
const REQUEST_ONLY: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect'])

const NONE: ReadonlySet<string> = new Set()

/**
 * The headers of a client's request that go on to an endpoint: all but those of the connection, those that the client's
 * Connection header names, Host, Content-Length, Expect, and the lower-case names in `dropped`. Order, case and
 * duplicates stay. Takes and gives a flat list of names and values, as Node's `rawHeaders`. Headers the gateway adds
 * belong behind the result, where no client can name them away.
 */
export function forwardRequestHeaders(rawHeaders: readonly string[], dropped: ReadonlySet<string> = NONE): string[] {
  const kept: string[] = []
  const named = connectionOptions(rawHeaders)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const lower = name.toLowerCase()
    if (REQUEST_ONLY.has(lower) || dropped.has(lower) || named?.has(lower) === true) continue
    kept.push(name, rawHeaders[i + 1]!)
  }
  return kept
}

/**
 * The headers of an endpoint's answer that go back to the client: all but those of the connection and those its
 * Connection header names. Order, case and duplicates stay. undici hands the names and values over as bytes, one byte
 * a character; strings are taken as well.
 */
export function relayResponseHeaders(rawHeaders: readonly (string | Uint8Array)[]): string[] {
  const kept: string[] = []
  const named = connectionOptions(rawHeaders)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = latin1(rawHeaders[i]!)
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named?.has(lower) === true) continue
    kept.push(name, latin1(rawHeaders[i + 1]!))
  }
  return kept
}

function latin1(text: string | Uint8Array): string {
  if (typeof text === 'string') return text
  const decoded: string = Reflect.apply(String.fromCharCode, undefined, text)
  return decoded
}

/** The header names listed by Connection headers, in lower case; undefined for the usual ones, which list none. */
function connectionOptions(headers: readonly (string | Uint8Array)[]): Set<string> | undefined {
  let named: Set<string> | undefined
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]!
    if (name.length !== 10 || latin1(name).toLowerCase() !== 'connection') continue
    const value = latin1(headers[i + 1]!).toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    named ??= new Set()
    for (const option of value.split(',')) named.add(option.trim())
  }
  return named
}
