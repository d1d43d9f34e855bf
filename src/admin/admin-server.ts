import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { AdminActions, AdminAnswer } from './admin-actions.ts'

export interface AdminServerOptions {
  readonly host: string
  readonly port: number
  /** Bytes of a posted body. */
  readonly bodyLimit: number
}

const DECISIONS_SHOWN = 100

/** The admin listener: metrics, health, endpoints, decisions. Never on the address the clients use. */
export class AdminServer {
  readonly #app: FastifyInstance
  readonly #options: AdminServerOptions

  constructor(actions: AdminActions, options: AdminServerOptions) {
    this.#options = options
    this.#app = Fastify({ bodyLimit: options.bodyLimit, forceCloseConnections: true })
    addHealthRoutes(this.#app, actions)
    addEndpointRoutes(this.#app, actions)
    addDecisionRoutes(this.#app, actions)
  }

  /** Starts to listen; rejects when the address is taken. Returns the base URL. */
  listen(): Promise<string> {
    return this.#app.listen({ host: this.#options.host, port: this.#options.port })
  }

  close(): Promise<void> {
    return this.#app.close()
  }
}

function answer(reply: FastifyReply, { status, body }: AdminAnswer): FastifyReply {
  return reply.code(status).send(body)
}

function addHealthRoutes(app: FastifyInstance, actions: AdminActions): void {
  app.get('/livez', () => ({ status: 'alive' }))
  app.get('/readyz', (_request, reply) => {
    const ready = actions.ready()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' })
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await actions.metrics()
    return reply.type(contentType).send(text)
  })
}

function addEndpointRoutes(app: FastifyInstance, actions: AdminActions): void {
  app.get('/api/endpoints', (_request, reply) => answer(reply, actions.endpoints()))
  app.post('/api/endpoints', (request, reply) => answer(reply, actions.addEndpoint(request.body)))
  app.delete<{ Params: { id: string } }>('/api/endpoints/:id', (request, reply) =>
    answer(reply, actions.removeEndpoint(request.params.id)),
  )
  // A drain has no body, yet many clients send an empty one with a JSON content type.
  app.post<{ Params: { id: string } }>('/api/endpoints/:id/drain', (request, reply) =>
    answer(reply, actions.drainEndpoint(request.params.id)),
  )
}

function addDecisionRoutes(app: FastifyInstance, actions: AdminActions): void {
  app.get<{ Querystring: { limit?: string } }>('/api/decisions', (request, reply) => {
    const limit = Number(request.query.limit ?? DECISIONS_SHOWN)
    if (!Number.isInteger(limit) || limit < 1) {
      return reply.code(400).send({ error: `limit must be a positive whole number, but is '${request.query.limit}'` })
    }
    return answer(reply, actions.decisions(limit))
  })
  app.register((scope, _options, done) => {
    // The body is explained byte for byte as the gateway would read it.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
    scope.post<{ Querystring: { path?: string } }>('/api/explain', (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      return answer(reply, actions.explain(request.query.path, body, firstValues(request.headers)))
    })
    done()
  })
}

function firstValues(headers: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()[0]]))
}
