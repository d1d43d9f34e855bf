import fc from 'fast-check'
import { createServer, type Server } from 'node:net'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forwardRequestHeaders, relayResponseHeaders } from './hop-by-hop.ts'

describe('forwardRequestHeaders', () => {
  it('drops what concerns the connection or is set anew, in any case', () => {
    const raw = [
      'Host',
      'a',
      'content-length',
      '3',
      'EXPECT',
      '100-continue',
      'Connection',
      'keep-alive',
      'TE',
      'trailers',
    ]
    const rest = ['Transfer-Encoding', 'chunked', 'Upgrade', 'h2c', 'Keep-Alive', 'timeout=5', 'Trailer', 'X']
    const proxy = ['Proxy-Authorization', 'Basic', 'Proxy-Connection', 'keep-alive', 'Proxy-Authenticate', 'Basic']
    expect(forwardRequestHeaders([...raw, ...rest, ...proxy])).toEqual([])
  })

  it('keeps order, case and duplicates of the rest', () => {
    const raw = ['X-B', '1', 'Authorization', 'Bearer x', 'x-b', '2', 'X-B', '1', 'Content-Type', 'application/json']
    expect(forwardRequestHeaders(raw)).toEqual(raw)
  })

  it('drops the names a Connection header lists, wherever it stands and however often', () => {
    const raw = ['X-Hop', '1', 'Connection', 'close, x-HOP', 'X-Keep', '2', 'connection', ' x-other ,', 'X-Other', '3']
    expect(forwardRequestHeaders(raw)).toEqual(['X-Keep', '2'])
  })

  it('drops the names asked for', () => {
    const raw = ['Cookie', 'a=1', 'X-A', '1', 'COOKIE', 'b=2']
    expect(forwardRequestHeaders(raw, new Set(['cookie']))).toEqual(['X-A', '1'])
  })

  it('agrees with a plain filter on any list of headers', () => {
    const name = fc.constantFrom('Host', 'host', 'Te', 'X-A', 'x-a', 'X-B', 'Connection', 'Upgrade', 'Cookie')
    const value = fc.constantFrom('close', 'keep-alive', 'X-A', 'x-b, close', 'v')
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (headers) => {
        const options = headers
          .filter(([header]) => header === 'Connection')
          .flatMap(([, listed]) => listed.toLowerCase().split(', '))
        const gone = new Set(['host', 'te', 'connection', 'upgrade', 'cookie', ...options])
        const kept = headers.filter(([header]) => !gone.has(header.toLowerCase()))
        expect(forwardRequestHeaders(headers.flat(), new Set(['cookie']))).toEqual(kept.flat())
      }),
    )
  })
})

describe('relayResponseHeaders', () => {
  const head = [
    'HTTP/1.1 200 OK',
    'Server: llama.cpp',
    'Set-Cookie: a=1',
    'X-Name: bl\u00e5\u0080',
    'Set-Cookie: b=2',
    'Connection: close, X-Hop',
    'X-Hop: gone',
    'X-Empty:',
    'Content-Type: text/plain',
    'Content-Length: 2',
  ].join('\r\n')
  const agent = new Agent()
  let server: Server
  let port: number

  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(Buffer.from(`${head}\r\n\r\nok`, 'latin1')))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server listens on a port')
    port = address.port
  })
  afterAll(async () => {
    await agent.close()
    server.close()
  })

  it('relays what undici hands over', async () => {
    const raw = await new Promise<unknown>((resolve, reject) => {
      agent.dispatch(
        { origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' },
        {
          onRequestStart: () => undefined,
          onResponseStart: (controller) => resolve(controller.rawHeaders),
          onResponseData: () => undefined,
          onResponseEnd: () => undefined,
          onResponseError: (_controller, error) => reject(error),
        },
      )
    })
    if (!Array.isArray(raw)) throw new Error('undici hands raw headers over as a list')
    expect(relayResponseHeaders(raw)).toEqual(
      ['Server', 'llama.cpp', 'Set-Cookie', 'a=1', 'X-Name', 'bl\u00e5\u0080', 'Set-Cookie', 'b=2'].concat([
        'X-Empty',
        '',
        'Content-Type',
        'text/plain',
        'Content-Length',
        '2',
      ]),
    )
  })

  it('takes strings as well', () => {
    const raw = ['X-A', '1', 'Transfer-Encoding', 'chunked', 'Keep-Alive', 'timeout=5', 'Host', 'kept']
    expect(relayResponseHeaders(raw)).toEqual(['X-A', '1', 'Host', 'kept'])
  })
})
