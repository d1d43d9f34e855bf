import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Call } from './call.ts'
import type { CallHost, Plan } from './call.ts'
import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import { chooseRank, rankAskedFor } from './choose-rank.ts'
import type { EngineContext } from './engine-context.ts'
import { EngineError, engineErrorBody } from './engine-error.ts'
import type { ErrorShape } from './engine-error.ts'
import type { Flavor } from './flavor.ts'
import type { EngineRank } from './engine-rank.ts'
import type { EngineRoute, ReadyReply } from './engine-route.ts'
import { engineRoutes } from './engine-routes.ts'
import { requestNames } from './request-names.ts'
import { loadHeader } from './load-report.ts'
import { parseJson } from './parse-body.ts'

/** Answers every request to the engine. */
export function createRequestHandler(
  context: EngineContext,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { flavor, startupDelay } = context.options
  const readyAt = performance.now() + startupDelay * 1000
  const routes = engineRoutes(context.options)
  const server = flavor === 'llama.cpp' ? 'llama.cpp' : undefined
  return (request, response) => {
    // uvicorn names no keep-alive time; llama.cpp's server does.
    if (server === undefined) response.removeHeader('connection')
    else response.setHeader('server', server)
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const route = routes.get(`${request.method ?? ''} ${path}`)
    if (route === undefined) {
      send(response, 404, NOT_FOUND[flavor] ?? '{"detail":"Not Found"}')
      return
    }
    const fail = (error: unknown): void => sendError(response, error, route.errors ?? flavor)
    collect(request, (body) => {
      try {
        if (!route.always && performance.now() < readyAt) throw new EngineError(503, 'The engine is still starting.')
        void handle(context, route, { request, response, body, path, query })?.catch(fail)
      } catch (error) {
        fail(error)
      }
    })
  }
}

/** What is answered where nothing is. */
const NOT_FOUND: Readonly<Partial<Record<Flavor, string>>> = {
  'llama.cpp': '{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}',
}

interface Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: Buffer
  readonly path: string
  readonly query: string
}

/** Answers at once; the promise of an answer only where the route needs the time. */
function handle(context: EngineContext, route: EngineRoute, incoming: Incoming): Promise<void> | undefined {
  const { request, response, body, path, query } = incoming
  const { flavor } = context.options
  const json = request.method === 'POST' ? parseJson(body) : undefined
  if ('reply' in route) {
    const reply = route.reply(context, json, new URLSearchParams(query))
    if (reply instanceof Promise) return reply.then((made) => sendReady(response, made))
    sendReady(response, reply)
    return undefined
  }
  failByChance(context)
  const plan = route.plan(context, json, requestId(request))
  const asked: Asked = {
    rank: rankAskedFor({ flavor, path }, request.headers[RANK_HEADER], json),
    names: flavor === 'sglang' ? requestNames(json) : [],
    errors: route.errors ?? flavor,
  }
  if (plan instanceof Promise) return plan.then((made) => start(context, made, incoming, asked))
  start(context, plan, incoming, asked)
  return undefined
}

interface Asked extends Pick<CallHost, 'names' | 'errors'> {
  readonly rank: string | string[] | undefined
}

/** The rank is chosen once the prompt is known to be fine, and so by the load of that moment. */
function start(
  context: EngineContext,
  plan: Plan,
  { request, response }: Incoming,
  { rank: asked, names, errors }: Asked,
): void {
  const { faults, options } = context
  const rank = chooseRank(context.ranks, asked)
  refuseWhenFull(context, rank)
  const headers = loadHeader(options.flavor, request, rank)
  Call.start(response, { driver: rank.driver, flavor: options.flavor, faults, headers, names, errors }, plan)
}

function failByChance({ faults, chance, ranks }: EngineContext): void {
  if (chance(faults.reject429)) throw new EngineError(429, 'Too many requests (a fault that was switched on).')
  if (!chance(faults.errorRate)) return
  const [first] = ranks
  if (first !== undefined) first.timings.success.error++
  throw new EngineError(faults.errorStatus, `Status ${faults.errorStatus} (a fault that was switched on).`)
}

/** A queue that moves is full when it is as long as it may get. */
function refuseWhenFull({ options }: EngineContext, { model, timings }: EngineRank): void {
  const { maxQueuedRequests: most } = options
  if (most === undefined || model.running === 0 || model.waiting < most) return
  timings.rejections++
  throw new EngineError(503, `The engine is overloaded: ${model.waiting} requests are waiting, ${most} may.`)
}

/** Like vLLM, the engine takes over the caller's id where there is one. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID().replaceAll('-', '')
}

function collect(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => done(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)))
}

function sendReady(response: ServerResponse, { body, contentType }: ReadyReply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  send(response, 200, text, contentType)
}

function sendError(response: ServerResponse, error: unknown, shape: ErrorShape): void {
  if (response.headersSent) return
  const known =
    error instanceof EngineError ? error : new EngineError(500, error instanceof Error ? error.message : String(error))
  send(response, known.status, engineErrorBody(known, shape))
}

function send(response: ServerResponse, status: number, text: string, contentType = 'application/json'): void {
  const body = Buffer.from(text)
  response.writeHead(status, { 'content-type': contentType, 'content-length': body.length })
  response.end(body)
}
