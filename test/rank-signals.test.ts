import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { examineEndpoint } from '../src/doctor/examine-endpoint.ts'
import { findingsOf, quickOptions } from '../src/doctor/testing/doctor-options.ts'
import { createVllmEncoder } from '../src/signals/kv-events/encode-vllm.ts'
import { KvEventPublisher } from '../src/signals/kv-events/publisher.ts'
import { countingEngine } from './testing/counting-engine.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { freePort } from './testing/free-port.ts'
import { post } from './testing/post.ts'
import { become, rankViews } from './testing/rank-views.ts'
import { pageOf, rankedEngine, ranksEngine } from './testing/ranked-engine.ts'
import { configOf, runRouter } from './testing/router-fixture.ts'

const SLOW = { timeout: 60_000 }
const COMPLETIONS = '/v1/completions'
const body = JSON.stringify({ model: 'm', prompt: 'x' })

it('the doctor says what several ranks behind an address mean', SLOW, async () => {
  await using ranked = await rankedEngine('vllm', { flavor: 'vllm', model: 'm', dataParallelSize: 2 })
  const report = await examineEndpoint({ url: ranked.engine.url, kvEvents: undefined }, quickOptions({}))
  const findings = findingsOf(report)
  expect(findings.get('engine.ranks')?.text).toContain(
    '2 data-parallel ranks share this address: the router takes each',
  )
  expect(findings.get('ranks.orders')).toMatchObject({ level: 'ok' })
  expect(findings.get('ranks.kv-events')).toMatchObject({ level: 'ok' })
})

describe('the load of a rank', SLOW, () => {
  const running = async (metrics: string): Promise<string> => {
    await using engine = await countingEngine(() => metrics)
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 2 }] })
    await eventually(
      'it has been read',
      async () =>
        z
          .looseObject({ engine: z.looseObject({ version: z.null(), name: z.literal('vllm') }) })
          .safeParse((await endpointViews(router.admin))[0]).success,
    )
    return JSON.stringify((await endpointViews(router.admin)).map(({ signals }) => signals['engineRunning']))
  }
  const line = (labels: string, value: number): string =>
    `vllm:num_requests_running{${labels}model_name="m"} ${value}\n`

  it('on a node whose ranks are numbered on is found by its place', async () => {
    expect(await running(line('engine="4",', 7) + line('engine="5",', 9))).toBe('[7,9]')
  })

  it('is unknown where all are told together', async () => {
    expect(await running(line('', 7))).toBe('[null,null]')
  })
})

it('an address that is gone takes all of its ranks along, and brings them back', SLOW, async () => {
  await using stays = await ranksEngine(2)
  const probes = { health: 200 }
  await using engine = await countingEngine(() => pageOf(2), probes)
  await using router = await runRouter({
    endpoints: [
      { url: stays.url, id: 'stays', ranks: 2 },
      { url: engine.url, id: 'goes', ranks: 2 },
    ],
    health: { interval: '50ms', unhealthyAfter: 2 },
  })
  const ready = async () => (await endpointViews(router.admin)).filter((one) => one.ready).map(({ id }) => id)
  expect(await ready()).toEqual(['stays@0', 'stays@1', 'goes@0', 'goes@1'])
  probes.health = 503
  await eventually('both are out', async () => (await ready()).length === 2)
  expect(await ready()).toEqual(['stays@0', 'stays@1'])
  expect((await post(router.gateway + COMPLETIONS, body)).headers.get('x-kvasir-endpoint')).toMatch(/^stays@/)
  probes.health = 200
  await eventually('both are back', async () => (await ready()).length === 4)
})

it('ranks that dial in are each waited for at a port of their own', SLOW, async () => {
  const port = (await freePort()) % 60_000
  const dial = (rank: number): Promise<KvEventPublisher> =>
    KvEventPublisher.start({ address: `tcp://127.0.0.1:${port}`, rank, connect: true })
  await using first = await dial(0)
  await using second = await dial(1)
  let page = pageOf(1)
  await using engine = await countingEngine(() => page)
  const kvEvents = { address: `tcp://127.0.0.1:${port}`, bind: true }
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', engine: 'vllm', kvEvents }] })
  page = pageOf(2)
  await become(router.admin, ['e@0', 'e@1'])
  const encode = createVllmEncoder()
  await eventually('both are heard', async () => {
    for (const publisher of [first, second]) publisher.publish(encode({ timestamp: 1, events: [] }))
    return (await rankViews(router.admin)).every(({ prefix }) => /complete/.test(String(prefix['reason'])))
  })
})

it('ranks whose ids are taken stay one endpoint until they are free', SLOW, async () => {
  await using engine = await countingEngine(() => pageOf(2))
  await using other = await countingEngine(() => pageOf(1))
  const e = { url: engine.url, id: 'e' }
  const taker = { url: other.url, id: 'e@1' }
  await using router = await runRouter({ endpoints: [e, taker] })
  const warned = () => router.log.filter(({ taken }) => taken === 'e@1').length
  await eventually('it is said', () => warned() === 1)
  await become(router.admin, ['e', 'e@1'])
  router.router.reload(configOf({ endpoints: [e, taker] }))
  await eventually('it is said again', () => warned() === 2)
  router.router.reload(configOf({ endpoints: [e] }))
  await become(router.admin, ['e@0', 'e@1'])
  router.router.reload(configOf({ endpoints: [e, taker] }))
  await eventually(
    'it is one again',
    async () =>
      String((await endpointViews(router.admin)).map(({ url }) => url).toSorted()) ===
      String([engine.url, other.url].toSorted()),
  )
})

it('an address that moves takes its ranks from the new engine', SLOW, async () => {
  await using before = await countingEngine(() => pageOf(2))
  await using after = await countingEngine(() => pageOf(3))
  await using router = await runRouter({ endpoints: [{ url: before.url, id: 'e' }] })
  await become(router.admin, ['e@0', 'e@1'])
  router.router.reload(configOf({ endpoints: [{ url: after.url, id: 'e' }] }))
  await become(router.admin, ['e@0', 'e@1', 'e@2'])
  expect((await endpointViews(router.admin)).map(({ url }) => url)).toEqual([after.url, after.url, after.url])
  expect((await post(router.gateway + COMPLETIONS, body)).status).toBe(200)
})
