import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startEngineServer } from '../engine-server/start-engine-server.ts'
import { httpProbe } from './http-probe.ts'
import type { EngineState } from './polled-engine.ts'
import { pollEndpoint } from './poll-endpoint.ts'
import type { PollProblem } from './poll-problem.ts'

interface Running extends AsyncDisposable {
  readonly url: string
  /** True when the last connection was closed before its answer had ended. */
  readonly brokenOff: () => boolean
}

async function serve(listener: RequestListener): Promise<Running> {
  let brokenOff = false
  const server = createServer((request, response) => {
    response.on('close', () => (brokenOff = !response.writableFinished))
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    brokenOff: () => brokenOff,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const clock = (): number => performance.now() / 1000
const wait = (seconds: number, signal: AbortSignal): Promise<void> => sleep(seconds * 1000, undefined, { signal })

describe('a probe by HTTP', () => {
  it('has status, headers and body, and sends the headers of the endpoint', async () => {
    await using server = await serve((request, response) => {
      response.writeHead(418, { 'X-Tea': 'yes' }).end(`${request.url} ${request.headers.authorization} grün`)
    })
    const probe = httpProbe({ url: server.url, headers: { authorization: 'Bearer key' } })
    const answer = await probe('/metrics?x=1')
    expect(answer).toMatchObject({ status: 418, text: '/metrics?x=1 Bearer key grün', headers: { 'x-tea': 'yes' } })
  })

  it('does not follow to somewhere else', async () => {
    await using server = await serve((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    )
    expect(await httpProbe({ url: server.url })('/metrics')).toMatchObject({ status: 302 })
  })

  it('ends after its timeout, when it is aborted, and when the body is too large', async () => {
    await using silent = await serve(() => undefined)
    await expect(httpProbe({ url: silent.url, timeout: 0.05 })('/metrics')).rejects.toThrow(/timeout/i)
    const abort = new AbortController()
    const answer = httpProbe({ url: silent.url })('/metrics', abort.signal)
    abort.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
    await using endless = await serve((_, response) => {
      const more = (): void => void (response.writable && response.write('x'.repeat(10_000), () => setImmediate(more)))
      more()
    })
    await expect(httpProbe({ url: endless.url, maxBytes: 50_000 })('/metrics')).rejects.toThrow('at most 50000 bytes')
    await expect.poll(endless.brokenOff).toBe(true)
  })
})

describe('polling over real sockets', () => {
  it('finds out a simulated vLLM and follows its load', async () => {
    const engine = await startEngineServer({ model: 'simulated', speed: 1, maxModelLen: 4096 })
    try {
      const readings: EngineState[] = []
      await using poller = pollEndpoint({
        probe: httpProbe({ url: engine.url }),
        clock,
        sleep: wait,
        pace: { busy: 0.02, idle: 0.05 },
        onReading: (state) => readings.push(state),
      })
      await expect.poll(() => poller.state().reading.modelIds).toEqual(['simulated'])
      await expect.poll(() => poller.state().reading.running).toBe(0)
      expect(poller.engine).toBe('vllm')
      expect(poller.state().reading).toMatchObject({ running: 0, waiting: 0, kvUsage: 0, maxModelLen: 4096 })
      expect(poller.state().reading.kvCapacityTokens).toBeGreaterThan(1000)
      const body = JSON.stringify({ model: 'simulated', prompt: 'word '.repeat(500), max_tokens: 60 })
      const answers = [1, 2, 3].map(() => fetch(`${engine.url}/v1/completions`, { method: 'POST', body }))
      await Promise.all(answers.map(async (answer) => (await answer).text()))
      await expect.poll(() => poller.state().reading.running).toBe(0)
      expect(Math.max(...readings.map(({ reading }) => reading.running ?? 0))).toBe(3)
      expect(Math.max(...readings.map(({ reading }) => reading.kvUsage ?? 0))).toBeGreaterThan(0)
      expect(poller.state().reading.prefixCacheHitTokens).toBeGreaterThan(0)
      expect(poller.state().age).toBeLessThan(1)
    } finally {
      await engine.close()
    }
  })

  it('tells what is wrong when a page stands in front of the engine, and recovers', async () => {
    let body = '<html>Sign in</html>'
    await using server = await serve((_, response) => response.end(body))
    const problems: PollProblem[] = []
    await using poller = pollEndpoint({
      probe: httpProbe({ url: server.url }),
      engine: 'tgi',
      clock,
      sleep: wait,
      pace: { idle: 0.02, busy: 0.02, retry: 0.02, retryMost: 0.02 },
      onProblem: (problem) => problems.push(problem),
    })
    await expect.poll(() => problems.length).toBe(2)
    await sleep(100)
    expect(problems.map(({ kind, path }) => `${kind} ${path}`).sort()).toEqual([
      'not-metrics /info',
      'not-metrics /metrics',
    ])
    body = 'tgi_queue_size 4\n'
    await expect.poll(() => poller.state().reading.waiting).toBe(4)
  })
})
