import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Publisher } from 'zeromq'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { CHAT, chatBody } from './testing/chat.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { type FakeEngine, fakeEngine, type FakeHandler, type Probes } from './testing/fake-engine.ts'
import { freePort } from './testing/free-port.ts'
import { post } from './testing/post.ts'
import { type RunningRouter, runRouter } from './testing/router-fixture.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const SLOW = { timeout: 30_000 }
const LOGIN = '<!doctype html><html><body><h1>Sign in</h1></body></html>'
const VLLM: Probes = { health: 200, models: ['m'], metrics: 'vllm:num_requests_running{engine="0"} 0\n' }

/** What was said above the usual, without what is said of every request. */
const complaints = ({ log }: RunningRouter): Record<string, unknown>[] => log.filter(({ level }) => Number(level) > 30)

/** Waits for the first complaint, and some time for more; the endpoint serves all the same. */
async function complaintsOf(router: RunningRouter, count = 1): Promise<Record<string, unknown>[]> {
  await eventually('a complaint', () => complaints(router).length >= count)
  for (let i = 0; i < 5; i++) {
    expect((await post(router.gateway + CHAT, chatBody())).status).toBe(200)
    await sleep(100)
  }
  return complaints(router)
}

const portOf = ({ url }: FakeEngine): string => new URL(url).port

it('a page for people in the place of metrics is told once, known engine or not', SLOW, async () => {
  await using unknown = await fakeEngine(undefined, 0, { health: 200, models: ['m'], metrics: LOGIN })
  await using known = await fakeEngine(undefined, 0, { health: 200, models: ['m'], metrics: LOGIN })
  await using router = await runRouter({
    endpoints: [
      { url: unknown.url, id: 'unknown' },
      { url: known.url, id: 'known', engine: 'vllm' },
    ],
  })
  const told = await complaintsOf(router, 2)
  expect(told.map(({ endpoint }) => endpoint).toSorted()).toEqual(['known', 'unknown'])
  for (const line of told) {
    expect(line).toMatchObject({
      kind: 'not-metrics',
      problem: expect.stringMatching(/found HTML: <!doctype html>.*URL/),
    })
  }
  const views = await endpointViews(router.admin)
  expect(views.map(({ ready, engine }) => [ready, z.looseObject({ name: z.string() }).parse(engine).name])).toEqual([
    [true, 'openai'],
    [true, 'vllm'],
  ])
})

it('an HTTP server in the place of a publisher is told once, and blocks are predicted', SLOW, async () => {
  await using engine = await fakeEngine(undefined, 0, VLLM)
  const kvEvents = { address: `tcp://127.0.0.1:${portOf(engine)}` }
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents }] })
  const told = await complaintsOf(router, 2)
  expect(told).toMatchObject([
    { msg: 'prefix blocks are predicted', reason: 'disconnected' },
    { msg: 'KV events', problem: expect.stringContaining('found something that does not speak its protocol') },
  ])
  expect((await endpointViews(router.admin))[0]?.['prefix']).toMatchObject({ mode: 'predicted' })
})

it('an address at which nobody publishes is told once requests have been served for a while', SLOW, async () => {
  await using engine = await fakeEngine(undefined, 0, VLLM)
  const kvEvents = { address: `tcp://127.0.0.1:${await freePort()}`, silentAfter: '500ms' }
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents }] })
  await sleep(600)
  expect(complaints(router)).toEqual([])
  await post(router.gateway + CHAT, chatBody())
  const told = await complaintsOf(router)
  expect(told).toMatchObject([{ kind: 'nobody', problem: expect.stringContaining(`at ${kvEvents.address}, found`) }])
})

it('a publisher of something else is told once, however much it publishes', SLOW, async () => {
  const publisher = new Publisher()
  await publisher.bind('tcp://127.0.0.1:*')
  const weather = setInterval(() => void publisher.send(['weather', 'rain']).catch(() => undefined), 5)
  try {
    await using engine = await fakeEngine(undefined, 0, VLLM)
    const kvEvents = { address: publisher.lastEndpoint ?? '' }
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents }] })
    const told = await complaintsOf(router)
    expect(told).toMatchObject([{ kind: 'frames', problem: expect.stringMatching(/three frames.*found 2 frames/) }])
    const [view] = await endpointViews(router.admin)
    expect(view?.['prefix']).toMatchObject({ mode: 'predicted', reason: 'waiting' })
  } finally {
    clearInterval(weather)
    publisher.close()
  }
})

it.each<[string, FakeHandler, object]>([
  ['text', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('\0garbage{{{'), {}],
  [
    'a stream',
    (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {{{nonsense\n\n'),
    { stream: true },
  ],
])('garbage in the place of %s goes to the client, and is told once', SLOW, async (_what, handle, extra) => {
  await using engine = await fakeEngine(handle, 0, VLLM)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
  for (let i = 0; i < 5; i++) {
    const answer = await post(router.gateway + CHAT, chatBody(extra))
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/garbage|nonsense/)])
  }
  expect(complaints(router)).toMatchObject([
    { endpoint: 'e', kind: 'bad-answer', problem: expect.stringContaining('on the route chat') },
  ])
})

it('a tokenizer folder that cannot be read is told once, and prompts are matched by their bytes', SLOW, async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('model'))
  writeFileSync(folder.file('model/tokenizer.json'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n')
  await using engine = await fakeEngine(undefined, 0, VLLM)
  const pools = [{ model: 'm', tokenizer: { path: folder.file('model') } }]
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }], pools })
  const told = await complaintsOf(router)
  expect(told).toMatchObject([
    { model: 'm', problem: expect.stringMatching(/tokenizer\.json: expected JSON.*LFS pointer/) },
  ])
})

it('events that cannot be fetched are told once, and blocks are predicted', SLOW, async () => {
  await using engine = await fakeEngine(
    (response, { url }) => (url === '/kv_cache_events' ? response.end(LOGIN) : response.end('{}')),
    0,
    VLLM,
  )
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: { address: 'pull' } }] })
  const told = await complaintsOf(router, 2)
  expect(told).toMatchObject([
    { kind: 'payload', problem: expect.stringContaining('which is not JSON') },
    { msg: 'prefix blocks are predicted', reason: 'disconnected' },
  ])
})

it('an endpoint that never answers is told once, with the reason', SLOW, async () => {
  const settings = { endpoints: [{ url: `http://127.0.0.1:${await freePort()}`, id: 'gone' }] }
  await using router = await runRouter(settings, 0)
  await eventually('two complaints', () => complaints(router).length >= 2)
  await sleep(1500)
  expect(
    complaints(router)
      .map(({ msg }) => msg)
      .toSorted(),
  ).toEqual(['endpoint not ready', 'engine not read'])
  for (const line of complaints(router)) expect(JSON.stringify(line)).toContain('ECONNREFUSED')
})
