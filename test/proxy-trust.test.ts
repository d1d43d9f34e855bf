import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { chatEvent, fakeEngine } from './testing/fake-engine.ts'
import { MAY_BE_LATE } from './testing/may-be-late.ts'
import { runRouter } from './testing/router-fixture.ts'

const CHAT = '/v1/chat/completions'
const body = (extra: object = {}): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], ...extra })

function post(url: string, text: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } })
}

describe('a proxy that can be trusted', () => {
  it("sends the client's bytes untouched: unknown fields, number precision, key order, white space", async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [engine.url] })
    const odd =
      '{ "zeta":12345678901234567890, "f":1.10,\n "model":"m","messages":[{"content":"h\\u00e9","role":"user"}],"alpha":{"b":1,"a":2} }'
    await post(router.gateway + CHAT, odd)
    expect(engine.requests[0]?.body.toString()).toBe(odd)
    expect(engine.requests[0]?.headers['content-length']).toBe(String(Buffer.byteLength(odd)))
  })

  it('replaces the name of an alias and nothing else', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [engine.url], pools: [{ model: 'm', aliases: ['gpt-4o'] }] })
    await post(router.gateway + CHAT, '{"seed":12345678901234567890, "model" : "gpt-4o" ,"messages":[]}')
    expect(engine.requests[0]?.body.toString()).toBe('{"seed":12345678901234567890, "model" : "m" ,"messages":[]}')
  })

  it("returns the engine's status, headers and bytes untouched, and strips what concerns one hop", async () => {
    const bytes = Buffer.from([0x7b, 0x00, 0xff, 0xfe, 0x7d])
    await using engine = await fakeEngine((response) => {
      response.writeHead(418, 'Short And Stout', [
        ['Content-Type', 'application/x-odd'],
        ['X-Twice', '1'],
        ['X-Twice', '2'],
        ['Keep-Alive', 'timeout=5'],
        ['Connection', 'keep-alive, X-Hop'],
        ['X-Hop', 'secret'],
        ['Content-Length', '5'],
      ])
      response.end(bytes)
    })
    await using router = await runRouter({ endpoints: [engine.url] })
    const sent = httpRequest(router.gateway + CHAT, {
      method: 'POST',
      headers: { te: 'trailers', 'x-mine': 'yes', cookie: 'a=b' },
    })
    sent.end(body())
    const [answer] = await once(sent, 'response')
    const received = Buffer.concat(await answer.toArray())
    expect(answer.statusCode).toBe(418)
    expect(answer.statusMessage).toBe('Short And Stout')
    expect(received).toEqual(bytes)
    expect(answer.rawHeaders.join('|')).toContain('X-Twice|1|X-Twice|2')
    expect(answer.headers['x-hop']).toBeUndefined()
    expect(answer.headers['x-kvasir-endpoint']).toBeDefined()
    expect(engine.requests[0]?.headers['x-mine']).toBe('yes')
    expect(engine.requests[0]?.headers['te']).toBeUndefined()
    expect(engine.requests[0]?.headers['cookie']).toBeUndefined()
  })

  it('takes a request id over, or makes one, and sends it to the engine', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [engine.url] })
    const given = await post(router.gateway + CHAT, body(), { 'x-request-id': 'mine-1' })
    const made = await post(router.gateway + CHAT, body())
    expect(given.headers.get('x-request-id')).toBe('mine-1')
    expect(engine.requests[0]?.headers['x-request-id']).toBe('mine-1')
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(engine.requests[1]?.headers['x-request-id']).toBe(made.headers.get('x-request-id'))
  })

  it('adds the names of older routers when asked to', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], headers: { compatible: true } })
    const answer = await post(router.gateway + CHAT, body())
    expect(answer.headers.get('x-router-backend')).toBe('e')
    expect(answer.headers.get('x-router-reason')).toBe('lowest-cost')
    expect(answer.headers.get('x-served-by')).toBe('e')
    expect(answer.headers.get('x-cache')).toBe('miss')
  })

  it('relays each chunk as it comes, the head included', MAY_BE_LATE, async () => {
    await using engine = await fakeEngine((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      let sent = 0
      const timer = setInterval(() => {
        response.write(chatEvent(`word ${++sent}`))
        if (sent < 3) return
        clearInterval(timer)
        response.end('data: [DONE]\n\n')
      }, 100)
    })
    await using router = await runRouter({ endpoints: [engine.url] })
    const start = performance.now()
    const answer = await post(router.gateway + CHAT, body({ stream: true }))
    expect(performance.now() - start).toBeLessThan(90)
    const arrivals: number[] = []
    for await (const _chunk of answer.body ?? []) arrivals.push(performance.now() - start)
    expect(arrivals.length).toBeGreaterThanOrEqual(3)
    expect(arrivals[0]).toBeLessThan(190)
    expect((arrivals[2] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(150)
  })

  it('holds the engine back when the client reads slowly', async () => {
    let written = 0
    const chunk = Buffer.alloc(64 * 1024, 'x')
    await using engine = await fakeEngine((response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const fill = (): void => {
        while (written < 200 * 1024 * 1024) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', fill)
        }
        response.end()
      }
      fill()
    })
    await using router = await runRouter({ endpoints: [engine.url] })
    const { hostname, port } = new URL(router.gateway)
    const socket = connect(Number(port), hostname)
    socket.pause()
    socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body().length}\r\n\r\n${body()}`)
    await sleep(700)
    const after = written
    await sleep(300)
    expect(after).toBeLessThan(64 * 1024 * 1024)
    expect(written).toBe(after)
    socket.destroy()
  })

  it.each([true, false])(
    "closes the engine's socket within 100 ms when the client leaves (stream: %s)",
    MAY_BE_LATE,
    async (stream) => {
      const closed = Promise.withResolvers<number>()
      const arrived = Promise.withResolvers<void>()
      await using engine = await fakeEngine((response, _request, message) => {
        if (stream) {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(chatEvent('first'))
        }
        message.socket.once('close', () => closed.resolve(performance.now()))
        arrived.resolve()
      })
      await using router = await runRouter({ endpoints: [engine.url] })
      const controller = new AbortController()
      const answer = fetch(router.gateway + CHAT, { method: 'POST', body: body({ stream }), signal: controller.signal })
      answer.catch(() => undefined)
      await arrived.promise
      if (stream) await (await answer).body?.getReader().read()
      const left = performance.now()
      controller.abort()
      expect((await closed.promise) - left).toBeLessThan(100)
      await sleep(20)
      expect(router.log.findLast(({ msg }) => msg === 'request')).toMatchObject({
        outcome: 'aborted',
        status: stream ? 200 : 499,
      })
    },
  )

  it('never ends cleanly when the engine dies in mid-stream', async () => {
    await using engine = await fakeEngine((response, _request, message) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chatEvent('half an ans'))
      setTimeout(() => message.socket.destroy(), 30)
    })
    await using router = await runRouter({ endpoints: [engine.url] })
    const answer = await post(router.gateway + CHAT, body({ stream: true }))
    await expect(answer.text()).rejects.toThrow()
  })

  it("never ends cleanly when the engine's plain answer is cut short", async () => {
    await using engine = await fakeEngine((response, _request, message) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"choices":')
      setTimeout(() => message.socket.destroy(), 30)
    })
    await using router = await runRouter({ endpoints: [engine.url] })
    const answer = await post(router.gateway + CHAT, body())
    await expect(answer.text()).rejects.toThrow()
  })
})

describe('failing over before the first byte', () => {
  it.each([500, 502, 503, 504, 429])(
    'moves to the next endpoint on status %i, never back to the failed one',
    async (status) => {
      await using broken = await fakeEngine((response) => response.writeHead(status).end('broken'))
      await using alsoBroken = await fakeEngine((response) => response.writeHead(status).end('broken'))
      await using good = await fakeEngine()
      await using router = await runRouter({ endpoints: [broken.url, alsoBroken.url, good.url] })
      for (let i = 0; i < 3; i++) {
        const answer = await post(router.gateway + CHAT, body())
        expect(answer.status).toBe(200)
        expect(answer.headers.get('x-kvasir-endpoint')).toBe(new URL(good.url).host)
      }
      expect(broken.requests.length).toBeLessThanOrEqual(3)
      expect(good.requests).toHaveLength(3)
    },
  )

  it('moves on when the connection is reset before an answer', async () => {
    await using broken = await fakeEngine((_response, _request, message) => message.socket.destroy())
    await using good = await fakeEngine()
    await using router = await runRouter({ endpoints: [broken.url, good.url] })
    for (let i = 0; i < 4; i++) expect((await post(router.gateway + CHAT, body())).status).toBe(200)
  })

  it("relays the last engine's own refusal when every endpoint refuses", async () => {
    const refuse = (name: string) => fakeEngine((response) => response.writeHead(429, { 'retry-after': '7' }).end(name))
    await using a = await refuse('full')
    await using b = await refuse('full')
    await using router = await runRouter({ endpoints: [a.url, b.url] })
    const answer = await post(router.gateway + CHAT, body())
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([429, '7', 'full'])
    expect(a.requests.length + b.requests.length).toBe(2)
  })

  it('does not try again what the engine has answered with a client error', async () => {
    await using a = await fakeEngine((response) => response.writeHead(400).end('bad'))
    await using b = await fakeEngine((response) => response.writeHead(400).end('bad'))
    await using router = await runRouter({ endpoints: [a.url, b.url] })
    expect((await post(router.gateway + CHAT, body())).status).toBe(400)
    expect(a.requests.length + b.requests.length).toBe(1)
  })

  it('gives up after the configured number of attempts', async () => {
    const reset = () => fakeEngine((_response, _request, message) => message.socket.destroy())
    await using a = await reset()
    await using b = await reset()
    await using c = await reset()
    await using router = await runRouter({ endpoints: [a.url, b.url, c.url], limits: { attempts: 2 } })
    const answer = await post(router.gateway + CHAT, body())
    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({ error: { code: 'endpoint_failed' } })
    expect([a, b, c].filter(({ requests }) => requests.length > 0)).toHaveLength(2)
  })
})

describe('kept connections', () => {
  it('drops idle connections before the engine would close them', async () => {
    await using engine = await fakeEngine()
    engine.server.keepAliveTimeout = 60_000
    await using router = await runRouter({
      endpoints: [{ url: engine.url, keepAlive: '300ms' }],
      health: { interval: '30s' },
    })
    await post(router.gateway + CHAT, body())
    expect(engine.sockets.size).toBeGreaterThan(0)
    await sleep(900)
    expect(engine.sockets.size).toBe(0)
  })

  it('retries a stale socket once on the same endpoint', async () => {
    let connections = 0
    await using engine = await fakeEngine()
    engine.server.on('connection', () => (connections += 1))
    await using router = await runRouter({ endpoints: [engine.url], health: { interval: '30s' } })
    await post(router.gateway + CHAT, body())
    // The engine closes a kept connection at the moment the next request is on its way.
    let died = false
    engine.handle = (response, _request, message) => {
      if (!died) {
        died = true
        message.socket.destroy()
        return
      }
      response.end('{}')
    }
    const before = connections
    const answer = await post(router.gateway + CHAT, body())
    expect([answer.status, died, connections - before]).toEqual([200, true, 1])
  })
})

describe('headers', () => {
  it('uses the configured name for the request id, and replaces an id that cannot be used', async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [engine.url], headers: { requestId: 'X-Trace' } })
    const given = await post(router.gateway + CHAT, body(), { 'x-trace': 'mine' })
    expect([given.headers.get('x-trace'), given.headers.get('x-request-id')]).toEqual(['mine', null])
    const tooLong = await post(router.gateway + CHAT, body(), { 'x-trace': 'x'.repeat(300) })
    const made = tooLong.headers.get('x-trace')
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
    expect(engine.requests.map(({ headers }) => headers['x-trace'])).toEqual(['mine', made])
  })

  it("sends the operator's headers of an endpoint in place of the client's", async () => {
    await using engine = await fakeEngine()
    await using router = await runRouter({
      endpoints: [{ url: engine.url, headers: { Authorization: 'Bearer ours' } }],
    })
    await post(router.gateway + CHAT, body(), { authorization: 'Bearer theirs' })
    expect(engine.requests[0]?.headers.authorization).toBe('Bearer ours')
  })

  it('gives whole requests to endpoints of role both and decode only', async () => {
    await using prefill = await fakeEngine()
    await using decode = await fakeEngine()
    await using router = await runRouter({
      endpoints: [
        { url: prefill.url, role: 'prefill' },
        { url: decode.url, role: 'decode' },
      ],
    })
    for (let i = 0; i < 4; i++) await post(router.gateway + CHAT, body())
    expect([prefill.requests.length, decode.requests.length]).toEqual([0, 4])
  })
})
