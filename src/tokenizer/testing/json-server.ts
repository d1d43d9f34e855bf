import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'

export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: unknown
}

export interface JsonServer extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
}

type Answer = readonly [status: number, body: unknown]

async function send(response: ServerResponse, answer: Answer | Promise<Answer>): Promise<void> {
  const [status, reply] = await answer
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof reply === 'string' ? reply : JSON.stringify(reply))
}

/** Answers every POST with what `answer` returns: a status and a body, which may take a while. */
export async function jsonServer(
  answer: (path: string, body: Record<string, unknown>) => Answer | Promise<Answer>,
): Promise<JsonServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => (text += String(chunk)))
    request.on('end', () => {
      const body: Record<string, unknown> = JSON.parse(text)
      const path = request.url ?? ''
      received.push({ path, headers: request.headers, body })
      void send(response, answer(path, body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
