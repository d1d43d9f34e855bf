import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { routerError, type RouterError } from '../core/errors.ts'
import { routeOf, type Route } from '../protocol/route.ts'
import { Exchange } from './exchange.ts'
import type { GatewayContext } from './gateway-context.ts'
import { gatewayRequest, type RequestSender } from './gateway-request.ts'
import type { ModelCatalog } from './model-catalog.ts'
import { outgoingRequest, withModel } from './outgoing.ts'
import { readBody } from './read-body.ts'
import { refuseBrokenRequest } from './refuse-broken-request.ts'
import { replyError } from './reply-error.ts'
import { requestId } from './request-id.ts'
import { type RequestEnvelope, understand } from './understand.ts'

export interface GatewayServerOptions {
  readonly host: string
  readonly port: number
  /** Bytes of a request's header section. */
  readonly headerLimit: number
}

/** Seconds after which an idle client connection is closed; longer than most load balancers keep theirs. */
const CLIENT_KEEP_ALIVE = 75

/** The OpenAI-compatible HTTP server in front of the fleet. */
export class GatewayServer {
  readonly #context: GatewayContext
  readonly #catalog: ModelCatalog
  readonly #options: GatewayServerOptions
  readonly #server: Server
  #running = 0
  #draining = false
  #whenIdle: (() => void) | undefined

  constructor(context: GatewayContext, catalog: ModelCatalog, options: GatewayServerOptions) {
    this.#context = context
    this.#catalog = catalog
    this.#options = options
    this.#server = createServer(
      // Node would refuse a missing Host with an empty answer; `#answer` refuses it in the shape of the route.
      {
        maxHeaderSize: options.headerLimit,
        keepAliveTimeout: CLIENT_KEEP_ALIVE * 1000,
        requestTimeout: 0,
        requireHostHeader: false,
      },
      (message, response) => void this.#handle(message, response),
    )
    this.#server.on('clientError', (error, socket) => refuseBrokenRequest(error, socket, options.headerLimit))
  }

  /** Starts to listen; rejects when the address is taken or may not be used. Returns the address. */
  listen(): Promise<AddressInfo> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        const address = this.#server.address()
        if (address !== null && typeof address === 'object') resolve(address)
      })
    })
  }

  /** Requests that have come in and are not answered to their end. */
  get running(): number {
    return this.#running
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Takes no new requests and waits until the running ones have ended, or `timeout` seconds; then breaks the rest. */
  async drain(timeout: number): Promise<void> {
    this.#draining = true
    this.#server.close()
    this.#server.closeIdleConnections()
    if (this.#running > 0) await this.#idleWithin(timeout)
    this.#server.closeAllConnections()
  }

  #idleWithin(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      this.#whenIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrived = this.#context.clock()
    const id = requestId(message, this.#context.settings.headers.requestId)
    const route = routeOf(message.method ?? 'GET', pathOf(message.url ?? '/'))
    this.#running += 1
    response.once('close', () => this.#ended())
    // The engine's own Date is relayed.
    response.sendDate = false
    try {
      await this.#answer(message, response, route, id, arrived)
    } catch (error) {
      this.#context.reportFault(id, error)
      this.#replyError(response, route, routerError('internal', {}), id)
    }
  }

  async #answer(
    message: IncomingMessage,
    response: ServerResponse,
    route: Route | undefined,
    id: string,
    arrived: number,
  ): Promise<void> {
    const refuse = (error: RouterError): void => this.#refuse(message, response, route, error, id, arrived)
    if (route === undefined) {
      return refuse(routerError('route_not_found', { method: message.method ?? '', path: pathOf(message.url ?? '/') }))
    }
    if (message.headers.host === undefined && message.httpVersion === '1.1') {
      return refuse(routerError('malformed_http', { reason: 'an HTTP/1.1 request needs a Host header' }))
    }
    if (this.#draining) {
      response.setHeader('connection', 'close')
      return refuse(routerError('draining', { retryAfterSeconds: 1 }))
    }
    if (route.name === 'models') return this.#listModels(response, id)
    const { settings } = this.#context
    const body = await readBody(message, settings.bodyLimit)
    if (body.kind === 'aborted') return
    if (body.kind === 'too-large') return refuse(routerError('body_too_large', { limitBytes: settings.bodyLimit }))
    const understood = understand(this.#context, route, body.bytes, envelopeOf(message, settings.tenantHeader))
    if ('code' in understood) return refuse(understood)
    const { pool, renamed } = understood
    const bytes = renamed === undefined ? body.bytes : withModel(body.bytes, renamed, pool.model)
    new Exchange(this.#context, {
      message,
      response,
      route,
      pool,
      request: gatewayRequest(id, senderOf(message), pool, understood),
      outgoing: outgoingRequest(
        message,
        bytes,
        { header: settings.headers.requestId, value: id },
        settings.dropHeaders,
      ),
      arrived,
    }).start()
  }

  #listModels(response: ServerResponse, id: string): void {
    const body = JSON.stringify({ object: 'list', data: this.#catalog.list(this.#context.fleet) })
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      [this.#context.settings.headers.requestId]: id,
    })
    response.end(body)
  }

  #refuse(
    message: IncomingMessage,
    response: ServerResponse,
    route: Route | undefined,
    error: RouterError,
    id: string,
    arrived: number,
  ): void {
    this.#replyError(response, route, error, id, message.complete ? undefined : message)
    this.#context.observer.ended({
      requestId: id,
      route: route?.name ?? 'none',
      model: undefined,
      streamed: false,
      arrivedAt: this.#context.wallClock(),
      queueSeconds: undefined,
      ttft: undefined,
      e2e: this.#context.clock() - arrived,
      status: error.status,
      error: error.code,
      attempts: 0,
      decision: undefined,
      outcome: undefined,
    })
  }

  #replyError(
    response: ServerResponse,
    route: Route | undefined,
    error: RouterError,
    requestId: string,
    unread?: IncomingMessage,
  ): void {
    const idHeader = this.#context.settings.headers.requestId
    replyError(response, { shape: route?.errorShape ?? 'openai', error, idHeader, requestId, unread })
  }

  #ended(): void {
    this.#running -= 1
    if (this.#running === 0) this.#whenIdle?.()
  }
}

function envelopeOf({ headers }: IncomingMessage, tenantHeader: string | undefined): RequestEnvelope {
  const tenant = tenantHeader === undefined ? undefined : headers[tenantHeader]
  return { contentEncoding: headers['content-encoding'], tenant: Array.isArray(tenant) ? tenant[0] : tenant }
}

function senderOf({ headers, socket }: IncomingMessage): RequestSender {
  return {
    clientAddress: socket.remoteAddress ?? '',
    header(name) {
      const value = headers[name]
      return Array.isArray(value) ? value[0] : value
    },
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
