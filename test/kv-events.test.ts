import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { KvEventPublisher } from '../src/signals/kv-events/publisher.ts'
import { createVllmEncoder } from '../src/signals/kv-events/encode-vllm.ts'
import { createSglangEncoder } from '../src/signals/kv-events/encode-sglang.ts'
import {
  type BlocksRemoved,
  type BlocksStored,
  type KvEvent,
  PLAIN_REMOVAL,
  PLAIN_STORE,
} from '../src/signals/kv-events/kv-event.ts'
import { explain } from './testing/decision-views.ts'
import { endpointViews, isReady } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine, plainAnswer, type Probes } from './testing/fake-engine.ts'
import { freePort } from './testing/free-port.ts'
import { heldAnswers } from './testing/held-answers.ts'
import { metricsPage } from './testing/metrics-page.ts'
import { post } from './testing/post.ts'
import { configOf, runRouter } from './testing/router-fixture.ts'

const COMPLETIONS = '/v1/completions'
const BLOCK = 16
const encode = createVllmEncoder()

/** Token ids that no other seed begins with. */
function idsOf(seed: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (seed * 1009 + i * 7919) % 32_000)
}

const body = (prompt: readonly number[], extra: object = {}): string => JSON.stringify({ model: 'm', prompt, ...extra })

/** The event with which an engine says that it holds the full blocks of these tokens. */
function stored(tokens: readonly number[], extra: Partial<BlocksStored> = {}): BlocksStored {
  const count = Math.floor(tokens.length / BLOCK)
  const hash = (at: number): bigint => BigInt(tokens[0] ?? 0) * 1_000_000n + BigInt(at)
  return {
    type: 'blocks-stored',
    blockHashes: Array.from({ length: count }, (_, at) => hash(at)),
    parentHash: undefined,
    tokenIds: Uint32Array.from(tokens.slice(0, count * BLOCK)),
    blockSize: BLOCK,
    tier: 'gpu',
    ...PLAIN_STORE,
    ...extra,
  }
}

function removed(blockHashes: readonly bigint[]): BlocksRemoved {
  return { type: 'blocks-removed', blockHashes, ...PLAIN_REMOVAL }
}

function publish(publisher: KvEventPublisher, events: readonly KvEvent[], encoder = encode): void {
  publisher.publish(encoder({ timestamp: Date.now() / 1000, events }))
}

const publisher = (more: object = {}): Promise<KvEventPublisher> =>
  KvEventPublisher.start({ address: 'tcp://127.0.0.1:*', replay: 'tcp://127.0.0.1:*', ...more })

const prefixShape = z.object({ mode: z.string(), reason: z.string(), why: z.string() })

async function prefixOf(admin: string, id: string) {
  const view = (await endpointViews(admin)).find((endpoint) => endpoint.id === id)
  return prefixShape.parse(view?.['prefix'])
}

const becomes = (admin: string, id: string, reason: string) =>
  eventually(`${id} is ${reason}`, async () => (await prefixOf(admin, id)).reason === reason)

function eventsOf({ address, replayAddress }: KvEventPublisher, more: object = {}): object {
  return { address, ...(replayAddress === undefined ? {} : { replay: replayAddress }), ...more }
}

it('a decision for token ids matches what the engine has published, to the block', { timeout: 30_000 }, async () => {
  await using publishing = await publisher()
  await using a = await fakeEngine()
  await using b = await fakeEngine()
  await using router = await runRouter({
    endpoints: [
      { url: a.url, id: 'a', kvEvents: eventsOf(publishing) },
      { url: b.url, id: 'b' },
    ],
  })
  const prompt = idsOf(1, 5 * BLOCK + 3)
  publish(publishing, [stored(prompt)])
  await becomes(router.admin, 'a', 'complete')
  const decision = await explain(router.admin, body([...prompt, 1, 2, 3]))
  expect(decision.endpoint).toBe('a')
  const matched = Object.fromEntries(decision.candidates.map((one) => [one.endpoint, one.matchedTokens]))
  expect(matched).toEqual({ a: 5 * BLOCK, b: 0 })

  const answer = await post(router.gateway + COMPLETIONS, body(prompt))
  expect(answer.headers.get('x-kvasir-matched-tokens')).toBe(String(5 * BLOCK))
  expect(answer.headers.get('x-kvasir-endpoint')).toBe('a')

  publish(publishing, [removed(stored(prompt).blockHashes.slice(2, 3))])
  await eventually('the eviction counts', async () => {
    const { candidates } = await explain(router.admin, body(prompt))
    return candidates.find(({ endpoint }) => endpoint === 'a')?.matchedTokens === 2 * BLOCK
  })
  publish(publishing, [{ type: 'all-blocks-cleared', ownership: 'kvcr' }])
  publish(publishing, [stored(idsOf(2, BLOCK))])
  await eventually('the other prompt is known', async () => {
    const { candidates } = await explain(router.admin, body(idsOf(2, BLOCK)))
    return candidates.some(({ matchedTokens }) => matchedTokens === BLOCK)
  })
  expect((await explain(router.admin, body(prompt))).matchedTokens).toBe(2 * BLOCK)
  publish(publishing, [{ type: 'all-blocks-cleared', ownership: undefined }])
  await eventually('the cache is empty', async () => (await explain(router.admin, body(prompt))).matchedTokens === 0)

  const page = await metricsPage(router.admin)
  expect(page.sum('kvasir_endpoint_prefix_mode', { endpoint: 'a', mode: 'exact', reason: 'complete' })).toBe(1)
  expect(page.sum('kvasir_endpoint_prefix_mode', { endpoint: 'b', mode: 'predicted', reason: 'no-events' })).toBe(1)
  expect(page.sum('kvasir_kv_event_messages_total', { endpoint: 'a', kind: 'delivered' })).toBe(5)
  expect(router.log).toContainEqual(
    expect.objectContaining({ endpoint: 'a', mode: 'exact', msg: 'prefix blocks are known from KV events' }),
  )
})

it('silence while it serves makes it predicted, and the next event exact again', { timeout: 30_000 }, async () => {
  await using publishing = await publisher()
  const answers = heldAnswers()
  await using engine = await fakeEngine(answers.handle)
  await using router = await runRouter({
    endpoints: [{ url: engine.url, id: 'e', kvEvents: eventsOf(publishing, { silentAfter: '300ms' }) }],
  })
  publish(publishing, [stored(idsOf(1, 4 * BLOCK))])
  await becomes(router.admin, 'e', 'complete')
  const streaming = post(router.gateway + COMPLETIONS, body(idsOf(2, BLOCK), { stream: true }))
  await becomes(router.admin, 'e', 'silent')
  expect(await prefixOf(router.admin, 'e')).toMatchObject({
    mode: 'predicted',
    why: expect.stringMatching(/no message for \d+ s while the endpoint serves requests/),
  })
  const page = await metricsPage(router.admin)
  expect(page.sum('kvasir_endpoint_prefix_mode', { endpoint: 'e', mode: 'predicted', reason: 'silent' })).toBe(1)
  expect(router.log).toContainEqual(
    expect.objectContaining({ level: 40, endpoint: 'e', reason: 'silent', msg: 'prefix blocks are predicted' }),
  )
  publish(publishing, [stored(idsOf(3, BLOCK))])
  await becomes(router.admin, 'e', 'complete')
  expect((await explain(router.admin, body(idsOf(1, 4 * BLOCK)))).matchedTokens).toBe(4 * BLOCK)
  answers.release()
  await (await streaming).text()
})

it('prompts that are computed but never reported end the reliance on events', { timeout: 30_000 }, async () => {
  await using publishing = await publisher()
  await using engine = await fakeEngine()
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: eventsOf(publishing) }] })
  publish(publishing, [stored(idsOf(1, BLOCK))])
  await becomes(router.admin, 'e', 'complete')
  const send = async (seed: number): Promise<void> => {
    await (await post(router.gateway + COMPLETIONS, body(idsOf(seed, 3 * BLOCK)))).text()
  }
  for (let seed = 2; seed < 40; seed++) await send(seed)
  expect((await prefixOf(router.admin, 'e')).reason).toBe('complete')
  await eventually('the events count no more', async () => {
    await send(50)
    return (await prefixOf(router.admin, 'e')).reason === 'missing'
  })
  for (let seed = 2; seed < 40; seed++) publish(publishing, [stored(idsOf(seed, 3 * BLOCK))])
  await eventually('they are relied on again', async () => {
    for (let seed = 2; seed < 40; seed++) await send(seed)
    return (await prefixOf(router.admin, 'e')).reason === 'confirmed'
  })
})

it('a stream of garbage is told once, and the endpoint serves', { timeout: 30_000 }, async () => {
  await using publishing = await publisher({ replay: undefined })
  await using engine = await fakeEngine()
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: eventsOf(publishing) }] })
  await eventually('garbage has come', async () => {
    for (let i = 0; i < 20; i++) publishing.publish(Uint8Array.of(0xc1, i, 7))
    const page = await metricsPage(router.admin)
    return page.sum('kvasir_kv_event_messages_total', { endpoint: 'e', kind: 'undecodable' }) > 20
  })
  expect(await prefixOf(router.admin, 'e')).toMatchObject({ mode: 'predicted', reason: 'waiting' })
  expect(router.log.filter(({ msg }) => msg === 'KV events')).toEqual([
    expect.objectContaining({ endpoint: 'e', kind: 'payload', problem: expect.stringContaining('expected msgpack') }),
  ])
  expect((await post(router.gateway + COMPLETIONS, body(idsOf(1, 40)))).status).toBe(200)
})

it('without a history a gap makes what is held unknown, and a restart begins anew', { timeout: 30_000 }, async () => {
  await using publishing = await publisher({ replay: undefined, fate: (seq: number) => (seq === 1 ? 'drop' : 'send') })
  await using engine = await fakeEngine()
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: eventsOf(publishing) }] })
  await eventually('connected', async () => {
    const view = (await endpointViews(router.admin))[0]
    return z.object({ connected: z.boolean() }).parse(view?.['prefix']).connected
  })
  const prompt = idsOf(1, 4 * BLOCK)
  // The subscription reaches the publisher a moment after the connection.
  await new Promise((resolve) => setTimeout(resolve, 200))
  publish(publishing, [stored(prompt)])
  await becomes(router.admin, 'e', 'complete')
  publish(publishing, [])
  publish(publishing, [stored(idsOf(2, BLOCK))])
  await becomes(router.admin, 'e', 'incomplete')
  expect((await explain(router.admin, body(prompt))).matchedTokens).toBe(0)
  publishing.restart()
  publish(publishing, [stored(idsOf(3, 2 * BLOCK))])
  await becomes(router.admin, 'e', 'complete')
  expect((await explain(router.admin, body(idsOf(2, BLOCK)))).matchedTokens).toBe(0)
  expect((await explain(router.admin, body(idsOf(3, 2 * BLOCK)))).matchedTokens).toBe(2 * BLOCK)
})

it('salts and adapters keep equal tokens apart, as the engine does', { timeout: 30_000 }, async () => {
  await using publishing = await publisher()
  const parents = { sql: 'm' }
  await using engine = await fakeEngine(plainAnswer, 0, { health: 200, models: ['m', 'sql'], parents })
  await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: eventsOf(publishing) }] })
  const salted = idsOf(1, 2 * BLOCK)
  const adapted = idsOf(2, 3 * BLOCK)
  publish(publishing, [stored(salted, { cacheSalt: 's' }), stored(adapted, { loraName: 'sql', loraId: 1 })])
  await becomes(router.admin, 'e', 'complete')
  const matched = async (tokens: readonly number[], extra: object = {}): Promise<number> =>
    (await explain(router.admin, body(tokens, extra))).matchedTokens
  expect(await matched(salted, { cache_salt: 's' })).toBe(2 * BLOCK)
  expect(await matched(salted)).toBe(0)
  expect(await matched(adapted, { model: 'sql' })).toBe(3 * BLOCK)
  expect(await matched(adapted)).toBe(0)
})

it('an engine may dial in, and its own form of events is read', { timeout: 30_000 }, async () => {
  const address = `tcp://127.0.0.1:${await freePort()}`
  await using engine = await fakeEngine()
  await using router = await runRouter({
    endpoints: [{ url: engine.url, id: 'e', engine: 'sglang', kvEvents: { address, bind: true } }],
  })
  await using publishing = await KvEventPublisher.start({ address, connect: true })
  const array = createSglangEncoder({ shape: 'array' })
  const prompt = idsOf(1, 2 * BLOCK)
  await eventually('an event came through', async () => {
    publish(publishing, [stored(prompt, { cacheSalt: 's' })], array)
    const answer = await explain(router.admin, body(prompt, { cache_salt: 's' }))
    return (await prefixOf(router.admin, 'e')).reason !== 'waiting' && answer.promptTokens === 2 * BLOCK
  })
  const page = await metricsPage(router.admin)
  expect(page.sum('kvasir_kv_event_messages_total', { endpoint: 'e', kind: 'undecodable' })).toBe(0)
  publishing.restart()
  publish(publishing, [stored(prompt, { cacheSalt: 's' })], array)
  await becomes(router.admin, 'e', 'complete')
  expect((await explain(router.admin, body(prompt, { cache_salt: 's' }))).matchedTokens).toBe(2 * BLOCK)
})

/** Publishers of two ranks, at two ports next to each other. */
async function twoRanks(): Promise<{ port: number; publishers: readonly [KvEventPublisher, KvEventPublisher] }> {
  const port = await freePort()
  const start = (rank: number): Promise<KvEventPublisher> =>
    KvEventPublisher.start({ address: `tcp://127.0.0.1:${port}`, rank })
  const first = await start(0)
  try {
    return { port, publishers: [first, await start(1)] }
  } catch {
    // The port next to a free one may be taken.
    await first[Symbol.asyncDispose]()
    return twoRanks()
  }
}

it('ranks behind one address are endpoints of their own', { timeout: 30_000 }, async () => {
  await using engine = await fakeEngine()
  const ranks = [0, 1]
  const { port, publishers } = await twoRanks()
  await using first = publishers[0]
  await using second = publishers[1]
  await using router = await runRouter({
    endpoints: ranks.map((rank) => ({
      url: engine.url,
      id: `rank-${rank}`,
      headers: { 'x-data-parallel-rank': String(rank) },
      kvEvents: { address: `tcp://*:${port}` },
    })),
  })
  const prompts = [idsOf(1, 4 * BLOCK), idsOf(2, 4 * BLOCK)]
  await eventually('both are heard', async () => {
    publish(first, [stored(prompts[0] ?? [])])
    publish(second, [stored(prompts[1] ?? [])])
    const views = await endpointViews(router.admin)
    return views.every((view) => prefixShape.parse(view['prefix']).reason !== 'waiting')
  })
  for (const [publishing, prompt] of [
    [first, prompts[0]],
    [second, prompts[1]],
  ] as const) {
    publishing.restart()
    publish(publishing, [stored(prompt ?? [])])
  }
  for (const rank of ranks) {
    await becomes(router.admin, `rank-${rank}`, 'complete')
    const decision = await explain(router.admin, body(prompts[rank] ?? []))
    expect(decision).toMatchObject({ endpoint: `rank-${rank}`, matchedTokens: 4 * BLOCK })
    await post(router.gateway + COMPLETIONS, body(prompts[rank] ?? []))
    expect(engine.requests.at(-1)?.headers['x-data-parallel-rank']).toBe(String(rank))
  }
})

it('several ranks that are to be one endpoint are predicted, and it is said why', { timeout: 30_000 }, async () => {
  await using publishing = await publisher()
  const line = (rank: number): string => `vllm:num_requests_running{engine="${rank}",model_name="m"} 0\n`
  await using engine = await fakeEngine(plainAnswer, 0, { health: 200, models: ['m'], metrics: line(0) + line(1) })
  await using router = await runRouter({
    endpoints: [{ url: engine.url, id: 'e', ranks: 1, kvEvents: eventsOf(publishing) }],
  })
  publish(publishing, [stored(idsOf(1, BLOCK))])
  await becomes(router.admin, 'e', 'several-ranks')
  expect((await prefixOf(router.admin, 'e')).why).toContain('set its ranks to 2, or auto')
})

it('a reload takes events away and brings them', { timeout: 30_000 }, async () => {
  await using publishing = await publisher()
  await using engine = await fakeEngine()
  const plain = { url: engine.url, id: 'e' }
  const settings = (endpoint: object) => configOf({ endpoints: [endpoint] })
  await using router = await runRouter({ endpoints: [plain] })
  const prompt = idsOf(1, 2 * BLOCK)
  publish(publishing, [stored(prompt)])
  router.router.reload(settings({ ...plain, kvEvents: eventsOf(publishing) }))
  await becomes(router.admin, 'e', 'complete')
  expect((await explain(router.admin, body(prompt))).matchedTokens).toBe(2 * BLOCK)
  router.router.reload(settings(plain))
  await becomes(router.admin, 'e', 'no-events')
  expect((await explain(router.admin, body(prompt))).matchedTokens).toBe(0)
})

describe('an endpoint that was away for a moment', () => {
  const away = async (replay: boolean) => {
    await using publishing = await publisher(replay ? {} : { replay: undefined })
    const probes: Probes = { health: 200, models: ['m'] }
    await using engine = await fakeEngine(plainAnswer, 0, probes)
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: eventsOf(publishing) }] })
    const prompt = idsOf(1, 2 * BLOCK)
    await eventually('the first event has come', async () => {
      if (!replay) publishing.restart()
      publish(publishing, [stored(prompt)])
      return (await prefixOf(router.admin, 'e')).reason === 'complete'
    })
    probes.health = 500
    await eventually('it is out', async () => !(await isReady(router.admin, 'e')))
    probes.health = 200
    await eventually('it is back', () => isReady(router.admin, 'e'))
    const { reason } = await prefixOf(router.admin, 'e')
    return { reason, matched: (await explain(router.admin, body(prompt))).matchedTokens }
  }

  it('holds what its events say, where their history tells of a restart', { timeout: 30_000 }, async () => {
    expect(await away(true)).toEqual({ reason: 'complete', matched: 2 * BLOCK })
  })

  it('holds nothing that is known, where nobody can tell', { timeout: 30_000 }, async () => {
    expect(await away(false)).toEqual({ reason: 'waiting', matched: 0 })
  })

  it('holds nothing of what it reported, while its events cannot be heard', { timeout: 30_000 }, async () => {
    const addresses = { address: `tcp://127.0.0.1:${await freePort()}`, replay: `tcp://127.0.0.1:${await freePort()}` }
    const before = await KvEventPublisher.start(addresses)
    await using engine = await fakeEngine()
    await using router = await runRouter({ endpoints: [{ url: engine.url, id: 'e', kvEvents: addresses }] })
    const prompt = idsOf(1, 2 * BLOCK)
    const matched = async (): Promise<number> => (await explain(router.admin, body(prompt))).matchedTokens
    publish(before, [stored(prompt)])
    await becomes(router.admin, 'e', 'complete')
    expect(await matched()).toBe(2 * BLOCK)
    await before[Symbol.asyncDispose]()
    await becomes(router.admin, 'e', 'disconnected')
    expect(await matched()).toBe(0)
    await using after = await KvEventPublisher.start(addresses)
    await becomes(router.admin, 'e', 'waiting')
    publish(after, [stored(prompt)])
    await becomes(router.admin, 'e', 'complete')
    expect(await matched()).toBe(2 * BLOCK)
  })
})
