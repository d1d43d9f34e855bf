import { describe, expect, it } from 'vitest'
import { CHAT, chatBody, longChatBody } from './testing/chat.ts'
import { endpointViews, isReady } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { type FakeEngine, fakeEngine, type FakeHandler, type Probes } from './testing/fake-engine.ts'
import { modelNames } from './testing/model-names.ts'
import { post } from './testing/post.ts'
import { runRouter } from './testing/router-fixture.ts'

const portOf = ({ url }: FakeEngine): number => Number(new URL(url).port)

const status = async (url: string, body = chatBody()): Promise<number> => (await post(url + CHAT, body)).status

const answersWith =
  (code: number): FakeHandler =>
  (response) =>
    response.writeHead(code).end('{}')

describe('probes', () => {
  it('let an endpoint take requests only when the first one has passed', async () => {
    const probes: Probes = { health: 503, models: ['m'] }
    await using engine = await fakeEngine(undefined, 0, probes)
    await using router = await runRouter({ endpoints: [engine.url], health: { interval: '50ms' } }, 0)
    await eventually('a probe', () => engine.sockets.size > 0)
    expect([await status(router.gateway), (await fetch(`${router.admin}/readyz`)).status]).toEqual([503, 503])
    expect((await fetch(`${router.admin}/livez`)).status).toBe(200)
    expect(engine.requests).toHaveLength(0)
    probes.health = 200
    await eventually('ready', async () => (await fetch(`${router.admin}/readyz`)).status === 200)
    expect(await status(router.gateway)).toBe(200)
  })

  it('take an endpoint out when they fail, and back in', async () => {
    const probes: Probes = { health: 200, models: ['m'] }
    await using shaky = await fakeEngine(undefined, 0, probes)
    await using steady = await fakeEngine()
    const endpoints = [
      { url: shaky.url, id: 'shaky' },
      { url: steady.url, id: 'steady' },
    ]
    await using router = await runRouter({ endpoints, health: { interval: '50ms', unhealthyAfter: 3 } })
    probes.health = 500
    await eventually('out', async () => !(await isReady(router.admin, 'shaky')))
    expect(router.log.findLast(({ msg }) => msg === 'endpoint not ready')).toMatchObject({
      endpoint: 'shaky',
      why: expect.stringMatching(/GET \/health answered 500/),
    })
    const seen = shaky.requests.length
    for (let i = 0; i < 6; i++) expect(await status(router.gateway)).toBe(200)
    expect(shaky.requests).toHaveLength(seen)
    expect((await fetch(`${router.admin}/readyz`)).status).toBe(200)
    probes.health = 200
    await eventually('back', () => isReady(router.admin, 'shaky'))
    await eventually('a request there', async () => {
      await status(router.gateway)
      return shaky.requests.length > seen
    })
  })

  it('time out', async () => {
    await using silent = await fakeEngine(undefined, 0, { health: 200, models: ['m'] })
    const health = { interval: '50ms', timeout: '100ms', unhealthyAfter: 1 }
    await using router = await runRouter({ endpoints: [{ url: silent.url, id: 'silent' }], health })
    // Connections are accepted and nothing is ever answered.
    silent.server.removeAllListeners('request')
    await eventually('out', async () => !(await isReady(router.admin, 'silent')))
    expect(router.log.findLast(({ msg }) => msg === 'endpoint not ready')).toMatchObject({
      endpoint: 'silent',
      why: expect.stringMatching(/timeout|timed out/i),
    })
  })

  it('wait for as many good ones as configured before an endpoint comes back', async () => {
    const probes: Probes = { health: 200, models: ['m'] }
    await using engine = await fakeEngine(undefined, 0, probes)
    const health = { interval: '60ms', unhealthyAfter: 1, healthyAfter: 4 }
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], health })
    probes.health = 500
    await eventually('out', async () => !(await isReady(router.admin, 'e')))
    let probesSeen = 0
    engine.server.on('request', ({ url }) => (probesSeen += Number(url === '/health')))
    probes.health = 200
    await eventually('back', () => isReady(router.admin, 'e'))
    expect(probesSeen).toBeGreaterThanOrEqual(4)
  })

  it('judge an engine without /health by its list of models', async () => {
    const probes: Probes = { health: 404, models: undefined }
    await using engine = await fakeEngine(undefined, 0, probes)
    await using router = await runRouter(
      { endpoints: [{ url: engine.url, id: 'e' }], health: { interval: '50ms' } },
      0.3,
    )
    expect(await isReady(router.admin, 'e')).toBe(false)
    probes.models = ['m']
    await eventually('ready', () => isReady(router.admin, 'e'))
    expect(await status(router.gateway)).toBe(200)
    probes.models = undefined
    await eventually('out', async () => !(await isReady(router.admin, 'e')))
  })

  it('ask the configured path', async () => {
    await using engine = await fakeEngine(undefined, 0, { health: 500, models: ['m'] })
    await using router = await runRouter({ endpoints: [engine.url], health: { path: '/v1/models' } })
    expect(await status(router.gateway)).toBe(200)
  })
})

describe('the outcome of requests', () => {
  const rarely = { interval: '20s', passive: { cooldown: '300ms' } }

  it('takes an endpoint out after five failures in a row, for the cooldown', async () => {
    await using engine = await fakeEngine(answersWith(500))
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], health: rarely })
    for (let i = 0; i < 4; i++) expect(await status(router.gateway)).toBe(500)
    engine.handle = answersWith(200)
    expect(await status(router.gateway)).toBe(200)
    engine.handle = answersWith(500)
    for (let i = 0; i < 5; i++) expect(await status(router.gateway)).toBe(500)
    const since = performance.now()
    expect(await status(router.gateway)).toBe(503)
    expect(engine.requests).toHaveLength(10)
    engine.handle = answersWith(200)
    await eventually('back', () => isReady(router.admin, 'e'))
    expect(performance.now() - since).toBeGreaterThan(200)
    expect(await status(router.gateway)).toBe(200)
  })

  it('counts answers that break off as failures', async () => {
    await using engine = await fakeEngine((response, _request, message) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {}\n\n')
      setImmediate(() => message.socket.destroy())
    })
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], health: rarely })
    for (let i = 0; i < 5; i++) {
      await expect(
        post(router.gateway + CHAT, chatBody({ stream: true })).then((answer) => answer.text()),
      ).rejects.toThrow('terminated')
    }
    expect(await isReady(router.admin, 'e')).toBe(false)
  })

  it.each([429, 503])('does not count refusals as illness (%i)', async (code) => {
    await using engine = await fakeEngine(answersWith(code))
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], health: rarely })
    for (let i = 0; i < 8; i++) expect(await status(router.gateway)).toBe(code)
    expect(engine.requests).toHaveLength(8)
    expect(await isReady(router.admin, 'e')).toBe(true)
  })

  it.each([400, 404, 413, 422])("does not count the client's own mistakes as illness (%i)", async (code) => {
    await using engine = await fakeEngine(answersWith(code))
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], health: rarely })
    for (let i = 0; i < 8; i++) expect(await status(router.gateway)).toBe(code)
    expect(await isReady(router.admin, 'e')).toBe(true)
  })

  it('takes an endpoint out at once when it cannot be reached, and back when it can', async () => {
    const gone = await fakeEngine()
    await using other = await fakeEngine()
    const endpoints = [
      { url: gone.url, id: 'gone' },
      { url: other.url, id: 'other' },
    ]
    await using router = await runRouter({ endpoints, health: { interval: '20s' } })
    await gone[Symbol.asyncDispose]()
    await eventually('one request noticed', async () => {
      expect(await status(router.gateway)).toBe(200)
      return !(await isReady(router.admin, 'gone'))
    })
    expect(router.log.findLast(({ msg }) => msg === 'endpoint not ready')).toMatchObject({ endpoint: 'gone' })
    await using _back = await fakeEngine(undefined, portOf(gone))
    await eventually('back long before the next probe is due', () => isReady(router.admin, 'gone'), 5)
  })
})

describe('an engine that restarts', () => {
  it('is not believed to hold what it held before', async () => {
    const first = await fakeEngine(answersWith(200))
    await using router = await runRouter({ endpoints: [{ url: first.url, id: 'e' }], health: { interval: '50ms' } })
    const matched = async (): Promise<number> => {
      const answer = await post(router.gateway + CHAT, longChatBody(2000))
      expect(answer.status).toBe(200)
      return Number(answer.headers.get('x-kvasir-matched-tokens'))
    }
    expect(await matched()).toBe(0)
    expect(await matched()).toBeGreaterThan(1500)
    await first[Symbol.asyncDispose]()
    await eventually('out', async () => !(await isReady(router.admin, 'e')))
    await using _second = await fakeEngine(answersWith(200), portOf(first))
    await eventually('back', () => isReady(router.admin, 'e'))
    expect(await matched()).toBe(0)
    expect(await matched()).toBeGreaterThan(1500)
  })
})

describe('models', () => {
  it('are routed to the endpoints that serve them', async () => {
    await using a = await fakeEngine(undefined, 0, { health: 200, models: ['small', 'shared'] })
    await using b = await fakeEngine(undefined, 0, { health: 200, models: ['large', 'shared'] })
    await using c = await fakeEngine(undefined, 0, { health: 200, models: ['large'] })
    await using router = await runRouter({ endpoints: [a.url, b.url, c.url], policy: 'round-robin' })
    const servedBy = async (model: string): Promise<Set<string | null>> => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => post(router.gateway + CHAT, chatBody({ model }))),
      )
      return new Set(answers.map((answer) => answer.headers.get('x-kvasir-endpoint')))
    }
    const [hostA, hostB, hostC] = [a, b, c].map(({ url }) => new URL(url).host)
    expect(await servedBy('small')).toEqual(new Set([hostA]))
    expect(await servedBy('large')).toEqual(new Set([hostB, hostC]))
    expect(await servedBy('shared')).toEqual(new Set([hostA, hostB]))
    expect(a.requests.every(({ body }) => !body.includes('large'))).toBe(true)
  })

  it('are listed as the union of the ready endpoints, with aliases', async () => {
    const probes: Probes = { health: 200, models: ['n', 'm'] }
    await using a = await fakeEngine()
    await using b = await fakeEngine(undefined, 0, probes)
    const pools = [
      { model: 'm', aliases: ['gpt-4o'] },
      { model: 'n', aliases: ['other'] },
      { model: 'absent', aliases: ['nobody'] },
    ]
    await using router = await runRouter({
      endpoints: [a.url, { url: b.url, id: 'b' }],
      pools,
      health: { interval: '50ms', unhealthyAfter: 1 },
    })
    expect(await modelNames(router.gateway)).toEqual(['gpt-4o', 'm', 'n', 'other'])
    probes.health = 500
    await eventually('only those of a', async () => (await modelNames(router.gateway)).join() === 'gpt-4o,m')
    expect((await post(router.gateway + CHAT, chatBody({ model: 'n' }))).status).toBe(503)
  })

  it('that an engine loads later are learned', async () => {
    const probes: Probes = { health: 200, models: ['m'] }
    await using engine = await fakeEngine(undefined, 0, probes)
    await using router = await runRouter({ endpoints: [engine.url], health: { interval: '20ms' } })
    expect(await status(router.gateway, chatBody({ model: 'adapter' }))).toBe(404)
    probes.models = ['m', 'adapter']
    await eventually('learned', async () => (await status(router.gateway, chatBody({ model: 'adapter' }))) === 200)
  })

  it('that were named in the configuration are not asked for', async () => {
    await using engine = await fakeEngine(undefined, 0, { health: 200, models: ['whatever'] })
    await using router = await runRouter({ endpoints: [{ url: engine.url, models: ['mine'] }] })
    expect(await modelNames(router.gateway)).toEqual(['mine'])
    expect(await status(router.gateway, chatBody({ model: 'mine' }))).toBe(200)
    expect(await status(router.gateway, chatBody({ model: 'whatever' }))).toBe(404)
  })

  it('of any name are served by an endpoint without a list', async () => {
    await using engine = await fakeEngine(undefined, 0, { health: 200, models: undefined })
    await using router = await runRouter({ endpoints: [engine.url] })
    for (const model of ['one', 'two', undefined]) {
      expect(await status(router.gateway, chatBody({ model }))).toBe(200)
    }
    expect((await endpointViews(router.admin))[0]?.models).toBe('any')
    expect(await modelNames(router.gateway)).toEqual([])
  })

  it('stay known while the list cannot be read for a moment', async () => {
    const probes: Probes = { health: 200, models: ['m'] }
    await using engine = await fakeEngine(undefined, 0, probes)
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], health: { interval: '20ms' } })
    let asked = 0
    engine.server.on('request', ({ url }) => (asked += Number(url === '/v1/models')))
    probes.models = undefined
    await eventually('the list was asked for twice', () => asked >= 2)
    expect((await endpointViews(router.admin))[0]?.models).toEqual(['m'])
  })
})
