import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

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
  readonly sockets: ReadonlySet<import('node:net').Socket>
  handle: FakeHandler
}

const MODELS = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] })

/** Answers every inference request with a small JSON body. */
export const plainAnswer: FakeHandler = (response) => {
  response.setHeader('content-type', 'application/json')
  response.end('{"choices":[{"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":10,"completion_tokens":1}}')
}

/** A scripted engine on a real socket: healthy, serves model `m`, and answers as `handle` says. */
export async function fakeEngine(handle: FakeHandler = plainAnswer, port = 0): Promise<FakeEngine> {
  const requests: FakeRequest[] = []
  const sockets = new Set<import('node:net').Socket>()
  const server = createServer((message, response) => {
    if (message.url === '/health') return void response.end('ok')
    if (message.url === '/v1/models') return void response.end(MODELS)
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
