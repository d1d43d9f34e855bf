import { expect, it } from 'vitest'
import { z } from 'zod'
import { CHAT, chatBody } from './testing/chat.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine, plainAnswer, type Probes } from './testing/fake-engine.ts'
import { heldAnswers } from './testing/held-answers.ts'
import { metricsPage } from './testing/metrics-page.ts'
import { post } from './testing/post.ts'
import { configOf, runRouter } from './testing/router-fixture.ts'

const SLOW = { timeout: 30_000 }

interface Load {
  readonly running: number
  readonly waiting: number
  readonly awake?: boolean
}

/** A metrics page as vLLM's: 100 blocks of 16 tokens, half of them in use. */
function vllmPage({ running, waiting, awake = true }: Load): string {
  return [
    `vllm:num_requests_running{engine="0"} ${running}`,
    `vllm:num_requests_waiting{engine="0"} ${waiting}`,
    'vllm:kv_cache_usage_perc{engine="0"} 0.5',
    'vllm:cache_config_info{engine="0",block_size="16",num_gpu_blocks="100"} 1',
    `vllm:engine_sleep_state{engine="0",sleep_state="awake"} ${Number(awake)}`,
    '',
  ].join('\n')
}

const probesOf = (metrics: string): Probes => ({ health: 200, models: ['m'], metrics })

const known = z.looseObject({
  kvTokens: z.number(),
  asleep: z.boolean(),
  engine: z.looseObject({ name: z.string().nullable() }).nullable(),
  signals: z.looseObject({
    inFlight: z.number(),
    engineWaiting: z.number().nullable(),
    engineRunning: z.number().nullable(),
    engineKvUsage: z.number().nullable(),
    foreignRequests: z.number().nullable(),
    readingAge: z.number().nullable(),
  }),
})

async function view(admin: string, at = 0) {
  return known.parse((await endpointViews(admin))[at])
}

it('what an engine says of itself becomes signals, metrics and its capacity', SLOW, async () => {
  const answers = heldAnswers()
  await using engine = await fakeEngine(answers.handle, 0, probesOf(vllmPage({ running: 3, waiting: 2 })))
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
  await eventually('a reading', async () => (await view(router.admin)).signals.engineRunning === 3)
  const idle = await view(router.admin)
  expect(idle).toMatchObject({ kvTokens: 1600, asleep: false, engine: { name: 'vllm', blockSize: 16 } })
  expect(idle.signals).toMatchObject({ engineWaiting: 2, engineKvUsage: 0.5, foreignRequests: 5 })
  expect(idle.signals.readingAge).toBeLessThan(3)
  expect(router.log).toContainEqual(expect.objectContaining({ endpoint: 'e', engine: 'vllm', msg: 'engine found out' }))

  const streams = await Promise.all(
    Array.from({ length: 2 }, () => post(router.gateway + CHAT, chatBody({ stream: true }))),
  )
  await eventually('what others sent is less', async () => (await view(router.admin)).signals.foreignRequests === 3)
  const page = await metricsPage(router.admin)
  expect(page.sum('kvasir_endpoint_engine_waiting', { endpoint: 'e' })).toBe(2)
  expect(page.sum('kvasir_endpoint_foreign_requests', { endpoint: 'e' })).toBe(3)
  answers.release()
  for (const stream of streams) await stream.text()
})

it('what the operator says of the capacity counts, also after a reload', SLOW, async () => {
  await using engine = await fakeEngine(plainAnswer, 0, probesOf(vllmPage({ running: 0, waiting: 0 })))
  const endpoint = { url: engine.url, id: 'e' }
  await using router = await runRouter({ endpoints: [{ ...endpoint, kvTokens: 5000 }] })
  await eventually('a reading', async () => (await view(router.admin)).signals.engineRunning === 0)
  expect((await view(router.admin)).kvTokens).toBe(5000)
  router.router.reload(configOf({ endpoints: [endpoint] }))
  await eventually('the engine is asked', async () => (await view(router.admin)).kvTokens === 1600)
  router.router.reload(configOf({ endpoints: [{ ...endpoint, maxConcurrency: 3 }] }))
  expect((await view(router.admin)).kvTokens).toBe(1600)
})

it('a sleeping engine gets no requests until it is awake', SLOW, async () => {
  const probes = probesOf(vllmPage({ running: 0, waiting: 0, awake: false }))
  await using sleeping = await fakeEngine(plainAnswer, 0, probes)
  await using awake = await fakeEngine()
  await using router = await runRouter({ endpoints: [sleeping, awake].map(({ url }, i) => ({ url, id: `e${i}` })) })
  await eventually('it is known to sleep', async () => (await view(router.admin)).asleep)
  for (let i = 0; i < 4; i++) await post(router.gateway + CHAT, chatBody())
  expect(sleeping.requests).toHaveLength(0)
  probes.metrics = vllmPage({ running: 0, waiting: 0 })
  await eventually('it is known to be awake', async () => !(await view(router.admin)).asleep)
  await eventually('it gets requests', async () => {
    await post(router.gateway + CHAT, chatBody())
    return sleeping.requests.length > 0
  })
})

it('a login page in the place of metrics is told once, and the endpoint serves', SLOW, async () => {
  const page = '<!doctype html><html><body>Please log in</body></html>'
  await using engine = await fakeEngine(plainAnswer, 0, probesOf(page))
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', engine: 'vllm' }] })
  const told = (): readonly Record<string, unknown>[] => router.log.filter(({ msg }) => msg === 'engine not read')
  await eventually('the problem is told', () => told().length > 0)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect((await post(router.gateway + CHAT, chatBody())).status).toBe(200)
  expect(told()).toEqual([
    expect.objectContaining({ endpoint: 'e', kind: 'not-metrics', problem: expect.stringContaining('GET /metrics') }),
  ])
  const { signals, asleep } = await view(router.admin)
  expect(signals).toMatchObject({ engineRunning: null, engineWaiting: null, foreignRequests: null })
  expect(asleep).toBe(false)
})

it('an engine whose metrics are switched off is asked nothing', SLOW, async () => {
  await using engine = await fakeEngine(plainAnswer, 0, probesOf(vllmPage({ running: 1, waiting: 1 })))
  const asked: (string | undefined)[] = []
  engine.server.prependListener('request', ({ url }: { url?: string }) => void asked.push(url))
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', metrics: false }] })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(asked.filter((url) => url !== '/health' && url !== '/v1/models')).toEqual([])
  expect((await endpointViews(router.admin))[0]?.['engine']).toBeNull()
})
