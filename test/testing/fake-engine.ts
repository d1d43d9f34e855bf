import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface FakeRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export type FakeHandler = (response: ServerResponse, request: FakeRequest, message: IncomingMessage) => void

export interface FakeEngine extends AsyncDisposable {
  readonly url: string
  readonly server: Server
  /** Inference requests seen, probes left out. */
  readonly requests: readonly FakeRequest[]
  /** Sockets that are open now. */
  readonly sockets: ReadonlySet<Socket>
  handle: FakeHandler
}

/** What an engine answers when it is probed; a test may change it while the engine runs. */
export interface Probes {
  /** Status of `GET /health`. */
  health: number
  /** Models that `GET /v1/models` lists; 404 when undefined. */
  models: readonly string[] | undefined
  /** Models of the list that are adapters, with the model they belong to. */
  parents?: Readonly<Record<string, string>>
  /** Page that `GET /metrics` answers; 404 when undefined. */
  metrics?: string
}

/** Paths by which an engine is found out and asked about itself. */
const ASKED = /^\/(metrics|prometheus\/metrics|v1\/loads|api\/version|api\/ps|info|version|slots|props)(\?|$)/

function answerProbe(
  response: ServerResponse,
  { method, url = '' }: IncomingMessage,
  { health, models, metrics, parents }: Probes,
): boolean {
  if (method !== 'GET') return false
  if (url === '/health') response.writeHead(health).end('probed')
  else if (url === '/metrics' && metrics !== undefined) response.end(metrics)
  else if (ASKED.test(url)) response.writeHead(404).end('{}')
  else if (url !== '/v1/models') return false
  else if (models === undefined) response.writeHead(404).end('{}')
  else
    response.end(
      JSON.stringify({ object: 'list', data: models.map((id) => ({ id, object: 'model', parent: parents?.[id] })) }),
    )
  return true
}

/** Answers every inference request with a small JSON body. */
export const plainAnswer: FakeHandler = (response) => {
  response.setHeader('content-type', 'application/json')
  response.end(
    '{"choices":[{"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":10,"completion_tokens":1}}',
  )
}

/** A scripted engine on a real socket: healthy, serves model `m` unless told otherwise, and answers as `handle` says. */
export async function fakeEngine(
  handle: FakeHandler = plainAnswer,
  port = 0,
  probes: Probes = { health: 200, models: ['m'] },
): Promise<FakeEngine> {
  const requests: FakeRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((message, response) => {
    if (answerProbe(response, message, probes)) return
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = message
      const request = { method, url, rawHeaders, headers, body: Buffer.concat(chunks) }
      requests.push(request)
      engine.handle(response, request, message)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const engine: FakeEngine = {
    url: `http://127.0.0.1:${address.port}`,
    server,
    requests,
    sockets,
    handle,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return engine
}

/** One server-sent event of a chat stream with this content. */
export function chatEvent(content: string): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`
}
