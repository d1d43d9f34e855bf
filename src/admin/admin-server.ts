import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
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
    answerInOneShape(this.#app)
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

/** Bodies are JSON whatever their content type says, or nothing; every error is `{error: what is wrong}`. */
function answerInOneShape(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, parsed) => parseJson(String(body), parsed))
  app.setErrorHandler((error: FastifyError, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  )
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `nothing is served at ${request.method} ${request.url}` }),
  )
}

function parseJson(text: string, parsed: (error: Error | null, body?: unknown) => void): void {
  if (text.trim() === '') return parsed(null, undefined)
  try {
    parsed(null, JSON.parse(text))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    parsed(Object.assign(new Error(`expected a body of JSON: ${reason}`), { statusCode: 400 }))
  }
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
    scope.post<{ Querystring: { path?: string } }>('/api/explain', async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      return answer(reply, await actions.explain(request.query.path, body, firstValues(request.headers)))
    })
    done()
  })
}

function firstValues(headers: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()[0]]))
}
