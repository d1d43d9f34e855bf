/**
 * What Kvasir is compared with, a process of its own: `node:http` in front, undici behind, and nothing in between. It
 * forwards the request line, the headers and the body as it comes, relays the answer chunk by chunk with back-pressure,
 * passes a client's disconnect on, and looks at no byte of either body.
 *
 * Its argument is the URL of the endpoint.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { reportPort } from './report-port.ts'

const NOT_FORWARDED: ReadonlySet<string> = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'expect'])
const NOT_RELAYED: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding'])

// The options of Kvasir's own pools.
const pool = new Pool(process.argv[2] ?? '', {
  connections: null,
  pipelining: 1,
  allowH2: false,
  connectTimeout: 5_000,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 60_000,
  keepAliveMaxTimeout: 60_000,
})

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  #controller: Dispatcher.DispatchController | undefined
  #over = false
  #wrote = false

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('close', () => {
      if (!this.#over) this.#controller?.abort(new Error('the client went away'))
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#response.destroyed) controller.abort(new Error('the client went away'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return
    this.#response.writeHead(status, relayed(controller.rawHeaders))
    // Head and first chunk usually arrive together and leave in one packet; a lone head is not held back.
    process.nextTick(() => {
      if (!this.#wrote) this.#response.flushHeaders()
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#wrote = true
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#over = true
    this.#wrote = true
    this.#response.end()
  }

  onResponseError(): void {
    this.#over = true
    this.#wrote = true
    if (!this.#response.headersSent) this.#response.writeHead(502).end()
    else this.#response.destroy()
  }
}

function forwarded(raw: readonly string[]): string[] {
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!NOT_FORWARDED.has(raw[i]!.toLowerCase())) headers.push(raw[i]!, raw[i + 1]!)
  }
  return headers
}

/** undici hands raw headers over as bytes. */
function relayed(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const headers: string[] = []
  if (!Array.isArray(raw)) return headers
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1')
    if (!NOT_RELAYED.has(name.toLowerCase())) headers.push(name, raw[i + 1]!.toString('latin1'))
  }
  return headers
}

function relay(request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  const options: Dispatcher.DispatchOptions = {
    path: request.url ?? '/',
    method: request.method ?? 'GET',
    headers: forwarded(request.rawHeaders),
    body: request.method === 'GET' ? null : request,
  }
  pool.dispatch(options, new Relay(response))
}

const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, relay)
server.listen(0, '127.0.0.1', () => reportPort(server))
