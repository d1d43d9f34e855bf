import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import { routerError, type RouterError } from '../core/errors.ts'
import { routeOf, type Route } from '../protocol/route.ts'
import { CacheReports } from './cache-reports.ts'
import { clientRank } from './client-rank.ts'
import type { ClientRequest } from './engine-request.ts'
import { Exchange } from './exchange.ts'
import type { GatewayContext } from './gateway-context.ts'
import { type FoundTokens, withTokens } from './found-tokens.ts'
import { gatewayRequest, type RequestSender } from './gateway-request.ts'
import type { ModelCatalog } from './model-catalog.ts'
import { outgoingRequest } from './outgoing.ts'
import { readBody } from './read-body.ts'
import { refuseBrokenRequest } from './refuse-broken-request.ts'
import { replyError } from './reply-error.ts'
import { requestId } from './request-id.ts'
import { RestingEndpoints } from './resting-endpoints.ts'
import { type RequestEnvelope, understand, type UnderstoodRequest } from './understand.ts'

export interface GatewayServerOptions {
  readonly host: string
  readonly port: number
  /** Bytes of a request's header section. */
  readonly headerLimit: number
}

/** A request as it came in. */
interface Arrival {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly route: Route | undefined
  readonly id: string
  /** On the monotonic clock, seconds. */
  readonly arrived: number
}

/** Seconds after which an idle client connection is closed; longer than most load balancers keep theirs. */
const CLIENT_KEEP_ALIVE = 75

/** The OpenAI-compatible HTTP server in front of the fleet. */
export class GatewayServer {
  readonly #context: GatewayContext
  readonly #catalog: ModelCatalog
  readonly #options: GatewayServerOptions
  readonly #server: Server
  readonly #resting = new RestingEndpoints()
  readonly #cacheReports = new CacheReports()
  #running = 0
  #draining = false
  #whenIdle: (() => void) | undefined
  readonly #onClose = (): void => {
    this.#running -= 1
    if (this.#running === 0) this.#whenIdle?.()
  }

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
      (message, response) => this.#handle(message, response),
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

  #handle(message: IncomingMessage, response: ServerResponse): void {
    const { settings } = this.#context
    const arrived = this.#context.clock()
    const id = requestId(message, settings.headers.requestId)
    const route = routeOf(message.method ?? 'GET', pathOf(message.url ?? '/'))
    const arrival: Arrival = { message, response, route, id, arrived }
    this.#running += 1
    response.on('close', this.#onClose)
    // The engine's own Date is relayed.
    response.sendDate = false
    this.#guard(arrival, () => this.#answer(arrival))
  }

  /** Whatever goes wrong inside is logged, and answered without details. */
  #guard(arrival: Arrival, action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#context.reportFault(arrival.id, error)
      this.#replyError(arrival, routerError('internal', {}))
    }
  }

  #answer(arrival: Arrival): void {
    const { message, response, route } = arrival
    const { settings } = this.#context
    if (route === undefined) {
      const { method = '', url = '/' } = message
      return this.#refuse(arrival, routerError('route_not_found', { method, path: pathOf(url) }))
    }
    if (message.headers.host === undefined && message.httpVersion === '1.1') {
      return this.#refuse(arrival, routerError('malformed_http', { reason: 'an HTTP/1.1 request needs a Host header' }))
    }
    if (this.#draining) {
      response.setHeader('connection', 'close')
      return this.#refuse(arrival, routerError('draining', { retryAfterSeconds: 1 }))
    }
    if (route.name === 'models') return this.#listModels(arrival)
    readBody(message, settings.bodyLimit, this.#context.buffers, (body) => {
      if (body === undefined) this.#refuse(arrival, routerError('body_too_large', { limitBytes: settings.bodyLimit }))
      else this.#guard(arrival, () => this.#exchange(arrival, route, body))
    })
  }

  #exchange(arrival: Arrival, route: Route, body: Buffer): void {
    const { tokens, settings } = this.#context
    const understood = understand(this.#context, route, body, envelopeOf(arrival.message, settings.tenantHeader))
    if ('code' in understood) return this.#refuse(arrival, understood)
    const found = tokens?.find(route, understood, body)
    if (found === undefined) this.#start(arrival, route, body, understood)
    else void this.#startWith(found, arrival, route, body, understood)
  }

  async #startWith(
    tokens: Promise<FoundTokens | undefined>,
    arrival: Arrival,
    route: Route,
    body: Buffer,
    understood: UnderstoodRequest,
  ): Promise<void> {
    const found = await tokens.catch((error: unknown) => {
      this.#context.reportFault(arrival.id, error)
      return undefined
    })
    if (arrival.response.closed) this.#report(arrival, { status: 499, model: understood.pool.model })
    else this.#guard(arrival, () => this.#start(arrival, route, body, withTokens(understood, found)))
  }

  #start(arrival: Arrival, route: Route, body: Buffer, understood: UnderstoodRequest): void {
    const { message, response, id, arrived } = arrival
    const { settings, loadInAnswers } = this.#context
    const { pool, naming, places, includeUsage, single, streamed, promptIds } = understood
    const request = gatewayRequest(id, senderOf(message), pool, understood)
    const idHeader = { header: settings.headers.requestId, value: id }
    const client: ClientRequest = {
      outgoing: outgoingRequest(message, body, idHeader, settings.dropHeaders),
      body,
      naming,
      promptIds,
      places,
      streamed,
      includeUsage,
      single,
      asksLoad: loadInAnswers !== undefined && message.headers[loadInAnswers.question.name] !== undefined,
    }
    const resting = this.#resting
    const cacheReports = this.#cacheReports
    const rank = clientRank(message.headers[RANK_HEADER], body, places?.rank)
    const parts = { response, route, pool, request, client, resting, cacheReports, rank, arrived }
    new Exchange(this.#context, parts).start()
  }

  #listModels({ response, id }: Arrival): void {
    const body = JSON.stringify({ object: 'list', data: this.#catalog.list(this.#context.fleet) })
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      [this.#context.settings.headers.requestId]: id,
    })
    response.end(body)
  }

  #refuse(arrival: Arrival, error: RouterError): void {
    const { message } = arrival
    this.#replyError(arrival, error, message.complete ? undefined : message)
    this.#report(arrival, { status: error.status, error: error.code })
  }

  /** A request that was sent to nobody has ended. */
  #report({ route, id, arrived }: Arrival, end: { status: number; model?: string; error?: string }): void {
    this.#context.observer.ended({
      requestId: id,
      route: route?.name ?? 'none',
      model: end.model,
      streamed: false,
      arrivedAt: this.#context.wallClock(),
      queueSeconds: undefined,
      ttft: undefined,
      e2e: this.#context.clock() - arrived,
      status: end.status,
      error: end.error,
      attempts: 0,
      decision: undefined,
      outcome: undefined,
    })
  }

  #replyError({ response, route, id }: Arrival, error: RouterError, unread?: IncomingMessage): void {
    const idHeader = this.#context.settings.headers.requestId
    replyError(response, { shape: route?.errorShape ?? 'openai', error, idHeader, requestId: id, unread })
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
