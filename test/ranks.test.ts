import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { countingEngine } from './testing/counting-engine.ts'
import { explain } from './testing/decision-views.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { plainAnswer } from './testing/fake-engine.ts'
import { metricsPage } from './testing/metrics-page.ts'
import { post } from './testing/post.ts'
import { become, idsAt, rankViews } from './testing/rank-views.ts'
import { cachedUsage, pageOf, rankedEngine, ranksEngine } from './testing/ranked-engine.ts'
import { configOf, type RunningRouter, runRouter } from './testing/router-fixture.ts'

const SLOW = { timeout: 60_000 }
const COMPLETIONS = '/v1/completions'
const HEADER = 'x-data-parallel-rank'

/** Token ids that no other seed begins with. */
function idsOf(seed: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (seed * 1009 + i * 7919) % 32_000)
}

interface Served {
  readonly endpoint: string | null
  readonly matched: number
  readonly cached: number
}

async function serve(router: RunningRouter, model: string, prompt: readonly number[]): Promise<Served> {
  const answer = await post(router.gateway + COMPLETIONS, JSON.stringify({ model, prompt, max_tokens: 2 }))
  const { usage } = cachedUsage.parse(await answer.json())
  return {
    endpoint: answer.headers.get('x-kvasir-endpoint'),
    matched: Number(answer.headers.get('x-kvasir-matched-tokens')),
    cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
  }
}

const body = JSON.stringify({ model: 'm', prompt: 'x' })

describe.each(['vllm', 'sglang'] as const)('one simulated %s with three ranks behind its port', SLOW, (flavor) => {
  it('a turn goes to the rank that holds what came before, and what is matched is cached', async () => {
    await using ranked = await rankedEngine(flavor, { flavor, model: 'm', dataParallelSize: 3, speed: 10 })
    const { engine, kvEvents } = ranked
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents }] })
    const ids = ['e@0', 'e@1', 'e@2']
    await become(router.admin, ids)
    const sessions = Array.from({ length: 9 }, (_, seed) => idsOf(seed + 1, 2000))
    const homes: (string | null)[] = []
    for (const prompt of sessions) homes.push((await serve(router, 'm', prompt)).endpoint)
    expect(new Set(homes)).toEqual(new Set(ids))
    await eventually('every rank is known by its events', async () =>
      (await rankViews(router.admin)).every(({ prefix }) => prefix.mode === 'exact'),
    )
    // What was just sent counts until its events come; after that, only they do.
    await sleep(2200)
    for (const [i, prompt] of sessions.entries()) {
      const turn = [...prompt, ...idsOf(100 + i, 100)]
      const served = await serve(router, 'm', turn)
      expect(served.endpoint).toBe(homes[i])
      expect(served.matched).toBe(served.cached)
      expect(served.cached).toBeGreaterThanOrEqual(1984)
    }
    const page = await metricsPage(router.admin)
    for (const endpoint of ids) {
      expect(page.sum('kvasir_requests_total', { endpoint })).toBeGreaterThanOrEqual(2)
      expect(page.sum('kvasir_endpoint_prefix_mode', { endpoint, mode: 'exact' })).toBe(1)
    }
    expect(page.sum('kvasir_requests_total')).toBe(18)
    expect(page.labelValues()).not.toContain('e')
  })
})

it('ranks that the operator counts are there from the beginning, and share connections', SLOW, async () => {
  const ranksOf = new Map<object, Set<unknown>>()
  await using engine = await ranksEngine(2)
  engine.handle = (response, request, message) => {
    const { socket, headers } = message
    ranksOf.set(socket, (ranksOf.get(socket) ?? new Set()).add(headers[HEADER]))
    plainAnswer(response, request, message)
  }
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 2 }] })
  expect(await idsAt(router.admin)).toEqual(['e@0', 'e@1'])
  for (let i = 0; i < 6; i++) await (await post(router.gateway + COMPLETIONS, body)).text()
  expect(engine.requests.map(({ headers }) => headers[HEADER]).toSorted()).toEqual(['0', '0', '0', '1', '1', '1'])
  const models = z.object({ data: z.array(z.looseObject({ id: z.string() })) })
  const listed = models.parse(await (await fetch(`${router.gateway}/v1/models`)).json())
  expect(listed.data.map(({ id }) => id)).toEqual(['m'])
  await eventually('each rank has its own load', async () => {
    const views = (await endpointViews(router.admin)).map(({ signals }) => [
      signals['engineRunning'],
      signals['foreignRequests'],
    ])
    return JSON.stringify(views) === '[[0,0],[1,2]]'
  })
  expect([...ranksOf.values()].some((ranks) => ranks.size === 2)).toBe(true)
})

it('an engine that tells of ranks later gets them, and loses them when it surely has fewer', SLOW, async () => {
  let page = pageOf(1)
  await using engine = await countingEngine(() => page)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
  await become(router.admin, ['e'])
  const busy = setInterval(() => void post(router.gateway + COMPLETIONS, body).catch(() => undefined), 50)
  try {
    page = pageOf(3)
    await become(router.admin, ['e@0', 'e@1', 'e@2'])
    expect((await endpointViews(router.admin)).every(({ ready }) => ready)).toBe(true)
    page = pageOf(2)
    await become(router.admin, ['e@0', 'e@1'])
    router.router.reload(configOf({ endpoints: [{ url: engine.url, id: 'e', maxConcurrency: 5 }] }))
    expect(await idsAt(router.admin)).toEqual(['e@0', 'e@1'])
  } finally {
    clearInterval(busy)
  }
  expect(router.log).toContainEqual(
    expect.objectContaining({
      endpoint: 'e',
      ranks: 3,
      msg: 'each data-parallel rank behind the address is an endpoint',
    }),
  )
  const failed = router.log.filter(({ msg }) => msg === 'endpoint not ready')
  expect(failed).toEqual([])
})

it('an address is probed and asked once, whatever the number of its ranks', SLOW, async () => {
  const counts: number[][] = []
  for (const ranks of [1, 8]) {
    await using engine = await countingEngine(() => pageOf(ranks).replaceAll(/ \d+$/gm, ' 0'))
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', engine: 'vllm' }] })
    await eventually('the endpoints', async () => (await idsAt(router.admin)).length === ranks)
    const before = new Map(engine.asked)
    await sleep(2500)
    counts.push(
      ['/health', '/metrics', '/v1/models'].map((path) => (engine.asked.get(path) ?? 0) - (before.get(path) ?? 0)),
    )
  }
  for (const [i, most] of (counts[0] ?? []).entries()) expect(counts[1]?.[i]).toBeLessThanOrEqual(most + 3)
})

it('a client that names a rank gets that one, or hears that there is none', SLOW, async () => {
  await using engine = await ranksEngine(3)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 3 }] })
  for (let i = 0; i < 5; i++) {
    const answer = await post(router.gateway + COMPLETIONS, body, { [HEADER]: '1' })
    expect(answer.headers.get('x-kvasir-endpoint')).toBe('e@1')
  }
  const named = await post(router.gateway + COMPLETIONS, JSON.stringify({ model: 'm', prompt: 'x', routed_dp_rank: 2 }))
  expect(named.headers.get('x-kvasir-endpoint')).toBe('e@2')
  expect(engine.requests.map(({ headers }) => headers[HEADER])).toEqual(['1', '1', '1', '1', '1', '2'])
  const none = await post(router.gateway + COMPLETIONS, body, { [HEADER]: '3' })
  expect([none.status, await none.json()]).toMatchObject([
    400,
    { error: { message: expect.stringContaining(`'${HEADER}' must be one of 0, 1, 2, but is 3`) } },
  ])
  expect((await post(router.gateway + COMPLETIONS, body, { [HEADER]: 'any' })).status).toBe(200)
})

it('what a client would get that names a rank is explained so', SLOW, async () => {
  await using engine = await ranksEngine(3)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 3 }] })
  const explained = (rank: string) => post(`${router.admin}/api/explain`, body, { [HEADER]: rank })
  for (const rank of [1, 2]) {
    const candidates = [expect.objectContaining({ endpoint: `e@${rank}` })]
    expect(await (await explained(String(rank))).json()).toMatchObject({ endpoint: `e@${rank}`, candidates })
  }
  expect((await explain(router.admin, body)).candidates).toHaveLength(3)
  const inBody = await explain(router.admin, JSON.stringify({ model: 'm', prompt: 'x', routed_dp_rank: 0 }))
  expect(inBody.candidates.map(({ endpoint }) => endpoint)).toEqual(['e@0'])
  const none = await explained('3')
  expect([none.status, await none.text()]).toEqual([400, expect.stringContaining('must be one of 0, 1, 2, but is 3')])
})

it('a client that names a rank is passed on as it is where nobody knows of ranks', SLOW, async () => {
  await using engine = await ranksEngine(1)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
  await post(router.gateway + COMPLETIONS, body, { [HEADER]: '5' })
  expect(engine.requests.at(-1)?.headers[HEADER]).toBe('5')
})

it('SGLang is told the rank in the body as well, as older releases know no header', SLOW, async () => {
  await using engine = await ranksEngine(1)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', engine: 'sglang', ranks: 2 }] })
  await post(router.gateway + COMPLETIONS, body)
  const { headers, body: sent } = engine.requests.at(-1) ?? {}
  const { routed_dp_rank: rank } = z.looseObject({ routed_dp_rank: z.int() }).parse(JSON.parse(String(sent)))
  expect(String(rank)).toBe(headers?.[HEADER])
})

it('all ranks of an address are drained and taken out by its name', SLOW, async () => {
  await using engine = await ranksEngine(2)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 2 }] })
  const added = await post(`${router.admin}/api/endpoints`, JSON.stringify({ url: engine.url, id: 'more', ranks: 2 }))
  expect([added.status, await added.json()]).toMatchObject([201, { endpoints: [{ id: 'more@0' }, { id: 'more@1' }] }])
  const again = await post(`${router.admin}/api/endpoints`, JSON.stringify({ url: engine.url, id: 'more@1' }))
  expect(again.status).toBe(409)
  expect(await (await post(`${router.admin}/api/endpoints/e/drain`, '')).json()).toEqual({ draining: 'e', inFlight: 0 })
  expect((await endpointViews(router.admin)).map(({ draining }) => draining)).toEqual([true, true, false, false])
  const removed = await fetch(`${router.admin}/api/endpoints/more`, { method: 'DELETE' })
  expect(await removed.json()).toEqual({ removed: 'more', endpoints: ['more@0', 'more@1'] })
  const one = await fetch(`${router.admin}/api/endpoints/e@1`, { method: 'DELETE' })
  expect(await one.json()).toEqual({ removed: 'e@1' })
  expect(await idsAt(router.admin)).toEqual(['e@0'])
  expect((await explain(router.admin, body).catch(() => undefined))?.endpoint).toBeUndefined()
})

it('says when the operator counts other ranks than the engine', SLOW, async () => {
  await using engine = await ranksEngine(4)
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', ranks: 2 }] })
  await eventually('it is in the log', () =>
    router.log.some(({ endpoint, problem }) => endpoint === 'e' && String(problem).includes('set it to 4, or auto')),
  )
  expect(await idsAt(router.admin)).toEqual(['e@0', 'e@1'])
})
