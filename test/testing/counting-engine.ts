import { createServer } from 'node:http'

export interface CountingEngine extends AsyncDisposable {
  readonly url: string
  readonly asked: Map<string, number>
}

/** An engine that counts what it is asked, by path, and answers the page of that moment. */
export async function countingEngine(metrics: () => string, probes = { health: 200 }): Promise<CountingEngine> {
  const asked = new Map<string, number>()
  const server = createServer((request, response) => {
    const { url = '' } = request
    asked.set(url, (asked.get(url) ?? 0) + 1)
    request.resume()
    if (url === '/metrics') response.end(metrics())
    else if (url === '/v1/models') response.end('{"object":"list","data":[{"id":"m","object":"model"}]}')
    else if (url === '/health') response.writeHead(probes.health).end()
    else if (url === '/v1/completions') response.setHeader('content-type', 'application/json').end('{"choices":[]}')
    else response.writeHead(404).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
