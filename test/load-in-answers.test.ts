import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DEFAULT_PROFILE, profileNamed } from '../src/engine/profiles.ts'
import { startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { CHAT, chatBody } from './testing/chat.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { type FakeEngine, fakeEngine, type Probes } from './testing/fake-engine.ts'
import { post } from './testing/post.ts'
import { type RunningRouter, runRouter } from './testing/router-fixture.ts'

const SLOW = { timeout: 30_000 }
const QUESTION = 'endpoint-load-metrics-format'
const ANSWER = 'endpoint-load-metrics'
/** What vLLM tells, and nothing of running requests. */
const REPORT = 'JSON {"named_metrics": {"kv_cache_usage_perc": 0.75, "num_requests_waiting": 9.0}}'

const known = z.looseObject({
  engine: z.looseObject({ name: z.string().nullable() }).nullable(),
  signals: z.looseObject({
    engineWaiting: z.number().nullable(),
    engineRunning: z.number().nullable(),
    engineKvUsage: z.number().nullable(),
    foreignRequests: z.number().nullable(),
    readingAge: z.number().nullable(),
  }),
})

async function view({ admin }: RunningRouter) {
  return known.parse((await endpointViews(admin))[0])
}

function page(ranks: readonly number[] = [0]): string {
  return ranks.map((rank) => `vllm:num_requests_running{engine="${rank}"} 3\n`).join('')
}

interface Rig extends AsyncDisposable {
  readonly engine: FakeEngine
  readonly router: RunningRouter
  /** When the metrics page was asked for, in milliseconds. */
  readonly polls: readonly number[]
}

/** A router in front of an engine that answers with `header` and a metrics page. */
async function rig(header: string, settings: object = {}, metrics = page(), endpoint: object = {}): Promise<Rig> {
  const probes: Probes = { health: 200, models: ['m'], metrics }
  const engine = await fakeEngine(
    (response) => {
      response.setHeader('content-type', 'application/json').setHeader(ANSWER, header)
      response.end('{"choices":[]}')
    },
    0,
    probes,
  )
  const polls: number[] = []
  engine.server.prependListener('request', ({ url }: { url?: string }) => {
    if (url === '/metrics') polls.push(performance.now())
  })
  const router = await runRouter({
    endpoints: [{ url: engine.url, id: 'e', engine: 'vllm', ...endpoint }],
    ...settings,
  })
  return {
    engine,
    router,
    polls,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
    },
  }
}

function ask({ router }: Rig, headers: Readonly<Record<string, string>> = {}, body = chatBody()): Promise<Response> {
  return post(router.gateway + CHAT, body, headers)
}

const asked = ({ engine }: Rig) => engine.requests.map(({ headers }) => headers[QUESTION])

describe('a simulated vLLM', SLOW, () => {
  it('tells its load in its answers: it becomes signals at once, and the client sees nothing of it', async () => {
    const profile = { ...profileNamed(DEFAULT_PROFILE), maxSequences: 1 }
    await using engine = await startEngineServer({ model: 'm', profile })
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
    await eventually('it is found out', async () => (await view(router)).engine?.name === 'vllm')
    await eventually('it was read', async () => (await view(router)).signals.engineWaiting === 0)
    // Others keep it busy, and one of them waits.
    const controller = new AbortController()
    const stream = (base: string) =>
      fetch(base + CHAT, {
        method: 'POST',
        body: chatBody({ max_tokens: 5000, stream: true }),
        headers: { 'content-type': 'application/json' },
        signal: controller.signal,
      })
    await Promise.all([stream(engine.url), stream(engine.url)])
    const answer = await stream(router.gateway)
    expect(answer.headers.get('x-kvasir-endpoint')).toBe('e')
    expect(answer.headers.has(ANSWER)).toBe(false)
    const { signals } = await view(router)
    expect(signals.engineWaiting).toBeGreaterThanOrEqual(1)
    expect(signals.readingAge).toBeLessThan(0.25)
    controller.abort()
  })
})

describe('the load in answers', SLOW, () => {
  it('becomes signals; what it leaves out stays as it was polled', async () => {
    await using rigged = await rig(REPORT)
    await eventually('it was read', async () => (await view(rigged.router)).signals.engineRunning === 3)
    expect((await view(rigged.router)).signals).toMatchObject({ engineWaiting: null, engineKvUsage: null })
    const answer = await ask(rigged)
    expect(answer.headers.has(ANSWER)).toBe(false)
    expect(asked(rigged)).toEqual(['json'])
    const { signals } = await view(rigged.router)
    expect(signals).toMatchObject({ engineWaiting: 9, engineKvUsage: 0.75, engineRunning: 3, foreignRequests: null })
    expect(signals.readingAge).toBeLessThan(0.25)
  })

  it('makes polls rarer while it comes, and only then', async () => {
    const during = async (rigged: Rig, milliseconds: number): Promise<number> => {
      const before = rigged.polls.length
      const until = performance.now() + milliseconds
      while (performance.now() < until) {
        await (await ask(rigged)).text()
        await sleep(10)
      }
      return rigged.polls.length - before
    }
    await using told = await rig(REPORT)
    await using silent = await rig('JSON {"named_metrics": {}}')
    const [few, many] = await Promise.all([during(told, 2500), during(silent, 2500)])
    expect(few).toBeLessThanOrEqual(4)
    expect(few).toBeGreaterThanOrEqual(1)
    expect(many).toBeGreaterThan(few + 1)
    expect(many).toBeLessThanOrEqual(11)
  })

  it('goes to a client that asked for it, as the engine sent it', async () => {
    await using rigged = await rig(REPORT)
    const answer = await ask(rigged, { [QUESTION]: 'TEXT' })
    expect(answer.headers.get(ANSWER)).toBe(REPORT)
    expect(asked(rigged)).toEqual(['TEXT'])
    expect((await view(rigged.router)).signals.engineWaiting).toBeNull()
  })

  it('that cannot be read is told once, and kept from the client', async () => {
    await using rigged = await rig('JSON {"named_metrics":')
    await eventually('it was read', async () => (await view(rigged.router)).signals.engineRunning === 3)
    for (let i = 0; i < 3; i++) {
      expect((await ask(rigged)).headers.has(ANSWER)).toBe(false)
      await sleep(260)
    }
    expect(asked(rigged)).toEqual(['json', 'json', 'json'])
    const told = rigged.router.log.filter(({ kind }) => kind === 'bad-load-header')
    expect(told).toEqual([
      expect.objectContaining({
        endpoint: 'e',
        msg: 'engine not read',
        problem: expect.stringMatching(
          /expected JSON .* found "JSON \{\\"named_metrics\\":"; its load is polled as usual/,
        ),
      }),
    ])
    expect((await view(rigged.router)).signals).toMatchObject({ engineWaiting: null, engineRunning: 3 })
  })

  it.each<[string, object, string, object]>([
    ['nobody is to be asked', { usage: { load: 'none' } }, page(), {}],
    ['its metrics are not to be read', { usage: { load: 'all' } }, page(), { metrics: false }],
    ['the engine is another', {}, '', { engine: 'sglang' }],
    ['it would be that of one of several ranks', { usage: { load: 'all' } }, page([0, 1]), {}],
  ])('is not asked for where %s', async (_why, settings, metrics, endpoint) => {
    await using rigged = await rig(REPORT, settings, metrics, endpoint)
    const tells = metrics !== '' && !('metrics' in endpoint)
    await eventually('it was read', async () => !tells || (await view(rigged.router)).signals.engineRunning !== null)
    const answer = await ask(rigged)
    expect(asked(rigged)).toEqual([undefined])
    expect(answer.headers.get(ANSWER)).toBe(REPORT)
  })

  it('is asked of every engine where that is wanted', async () => {
    await using rigged = await rig(REPORT, { usage: { load: 'all' } }, page(), { engine: 'openai' })
    await ask(rigged)
    expect(asked(rigged)).toEqual(['json'])
    expect((await view(rigged.router)).signals).toMatchObject({ engineWaiting: 9, engineKvUsage: 0.75 })
  })
})
