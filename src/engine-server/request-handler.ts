import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mixBits } from '../engine/mix-bits.ts'
import { Call } from './call.ts'
import type { EngineContext } from './engine-context.ts'
import { EngineError, engineErrorBody } from './engine-error.ts'
import type { ErrorShape } from './engine-error.ts'
import { engineRoute } from './engine-routes.ts'
import type { EngineRoute, ReadyReply } from './engine-routes.ts'
import { parseJson } from './parse-body.ts'

/** Answers every request to the engine. */
export function createRequestHandler(
  context: EngineContext,
): (request: IncomingMessage, response: ServerResponse) => void {
  const readyAt = performance.now() + context.options.startupDelay * 1000
  const chance = createChance(context.options.seed)
  return (request, response) => {
    // uvicorn names no keep-alive time.
    response.removeHeader('connection')
    const [path = ''] = (request.url ?? '').split('?')
    const route = engineRoute(request.method ?? '', path)
    if (route === undefined) {
      send(response, 404, '{"detail":"Not Found"}')
      return
    }
    collect(request, (body) => {
      try {
        if (!route.always && performance.now() < readyAt) throw new EngineError(503, 'The engine is still starting.')
        handle(context, route, { request, response, body, chance })
      } catch (error) {
        sendError(response, error, route.errors)
      }
    })
  }
}

interface Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: Buffer
  /** True with the given probability. */
  readonly chance: (probability: number) => boolean
}

function handle(context: EngineContext, route: EngineRoute, { request, response, body, chance }: Incoming): void {
  const json = request.method === 'POST' ? parseJson(body) : undefined
  if ('reply' in route) {
    sendReady(response, route.reply(context, json))
    return
  }
  failByChance(context, chance)
  const plan = route.plan(context, json, requestId(request))
  refuseWhenFull(context)
  Call.start(response, context.driver, plan, context.faults)
}

function failByChance({ faults, timings }: EngineContext, chance: (probability: number) => boolean): void {
  if (chance(faults.reject429)) throw new EngineError(429, 'Too many requests (a fault that was switched on).')
  if (!chance(faults.errorRate)) return
  timings.success.error++
  throw new EngineError(faults.errorStatus, `Status ${faults.errorStatus} (a fault that was switched on).`)
}

/** A queue that moves is full when it is as long as it may get. */
function refuseWhenFull({ model, options, timings }: EngineContext): void {
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

function createChance(seed: number): (probability: number) => boolean {
  let drawn = 0
  return (probability) => probability > 0 && mixBits(seed ^ mixBits(++drawn)) < probability * 2 ** 32
}

function sendReady(response: ServerResponse, { body, contentType }: ReadyReply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  send(response, 200, text, contentType)
}

function sendError(response: ServerResponse, error: unknown, shape: ErrorShape): void {
  const known =
    error instanceof EngineError ? error : new EngineError(500, error instanceof Error ? error.message : String(error))
  send(response, known.status, engineErrorBody(known, shape))
}

function send(response: ServerResponse, status: number, text: string, contentType = 'application/json'): void {
  const body = Buffer.from(text)
  response.writeHead(status, { 'content-type': contentType, 'content-length': body.length })
  response.end(body)
}
