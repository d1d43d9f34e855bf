/**
 * The engine's stand-in of the proxy bench, a process of its own: fixed answers at the least cost, streams paced by one
 * timer. Says its port to the process that forked it and ends with it.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { ASK, JSON_ANSWER, MODEL, STREAM_EVENTS } from './answers.ts'
import { reportPort } from './report-port.ts'

/** A stream gets an event every `GROUPS` ticks of `TICK` milliseconds, that is every 40 ms. */
const TICK = 5
const GROUPS = 8

const JSON_HEADERS = [
  'server',
  'uvicorn',
  'content-type',
  'application/json',
  'content-length',
  `${JSON_ANSWER.length}`,
]
const STREAM_HEADERS = ['server', 'uvicorn', 'content-type', 'text/event-stream; charset=utf-8']
const MODELS = JSON.stringify({ object: 'list', data: [{ id: MODEL, object: 'model', created: 0, owned_by: 'bench' }] })

interface Stream {
  readonly response: ServerResponse
  next: number
}

const groups: Set<Stream>[] = Array.from({ length: GROUPS }, () => new Set())
let opened = 0
let ticks = 0
let due = 0

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') {
    response.end(request.url === '/v1/models' ? MODELS : '')
    request.resume()
    return
  }
  const digest = request.headers[ASK.digest] === undefined ? undefined : createHash('sha256')
  if (digest === undefined) request.resume()
  else request.on('data', (chunk: Buffer) => digest.update(chunk))
  request.on('end', () => {
    const extra = digest === undefined ? [] : [ASK.digest, digest.digest('hex')]
    if (request.headers[ASK.stream] === undefined) {
      response.writeHead(200, [...JSON_HEADERS, ...extra])
      response.end(JSON_ANSWER)
    } else {
      response.writeHead(200, [...STREAM_HEADERS, ...extra])
      openStream(response)
    }
  })
}

function openStream(response: ServerResponse): void {
  const stream = { response, next: 0 }
  const group = groups[opened++ % GROUPS]
  group?.add(stream)
  response.on('close', () => group?.delete(stream))
}

/** Does the ticks that are due; after a stall no stream gets two events at once. */
function advance(): void {
  const now = performance.now()
  for (let done = 0; due <= now && done < GROUPS; done++) {
    tick()
    due += TICK
  }
  if (due <= now) due = now + TICK
}

/** All streams of a group get their next event at once, as from one step of an engine. */
function tick(): void {
  const group = groups[ticks++ % GROUPS] ?? []
  for (const stream of group) {
    const event = STREAM_EVENTS[stream.next++]
    if (event !== undefined) stream.response.write(event)
    else stream.response.end()
  }
}

const server = createServer({ keepAliveTimeout: 120_000 }, answer)
server.listen(0, '127.0.0.1', () => {
  due = performance.now()
  setInterval(advance, TICK)
  reportPort(server)
})
