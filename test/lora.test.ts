import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type RunningEngine, startEngineServer } from '../src/engine-server/start-engine-server.ts'
import { CHAT, chatBody } from './testing/chat.ts'
import { explain } from './testing/decision-views.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine, type Probes } from './testing/fake-engine.ts'
import { post } from './testing/post.ts'
import { type RunningRouter, runRouter } from './testing/router-fixture.ts'

const SLOW = { timeout: 30_000 }
const AFFINITY = { type: 'weighted-scorers', scorers: [{ type: 'adapter-affinity' }] }

const known = z.looseObject({
  engine: z.looseObject({
    adapters: z.looseObject({ slots: z.number(), loaded: z.array(z.string()) }).nullable(),
  }),
})

async function adaptersOf(admin: string, at: number): Promise<readonly string[] | undefined> {
  return known.parse((await endpointViews(admin))[at]).engine.adapters?.loaded
}

const list = z.object({
  data: z.array(z.looseObject({ id: z.string(), root: z.string().optional(), parent: z.string().nullish() })),
})

async function modelList(url: string) {
  return list.parse(await (await fetch(`${url}/v1/models`)).json()).data
}

function ask(url: string, model: string, extra: object = {}): Promise<Response> {
  return post(url + CHAT, chatBody({ model, max_tokens: 2, ...extra }))
}

/** A long stream whose first event has come; breaks it off in the end. */
async function longStream(url: string, model: string): Promise<AsyncDisposable> {
  const answer = await ask(url, model, { stream: true, max_tokens: 50_000 })
  const reader = answer.body?.getReader()
  await reader?.read()
  return { [Symbol.asyncDispose]: async () => reader?.cancel() }
}

describe('two engines with a slot for one adapter each', SLOW, () => {
  let engines: readonly RunningEngine[]
  let router: RunningRouter

  const served = async (model: string): Promise<string | null> => {
    const answer = await ask(router.gateway, model)
    await answer.text()
    return answer.headers.get('x-kvasir-endpoint')
  }

  beforeAll(async () => {
    engines = await Promise.all(
      ['one', 'two'].map(() =>
        startEngineServer({ model: 'm', loras: ['a=/adapters/a', 'b'], maxLoras: 1, speed: 20 }),
      ),
    )
    router = await runRouter({
      endpoints: engines.map(({ url }, i) => ({ url, id: `e${i}` })),
      pools: [{ model: 'm', aliases: ['base'], policy: AFFINITY }],
    })
    await eventually('slots are known', async () => (await adaptersOf(router.admin, 1)) !== undefined)
    await eventually('slots are known', async () => (await adaptersOf(router.admin, 0)) !== undefined)
  })
  afterAll(async () => {
    await router[Symbol.asyncDispose]()
    for (const engine of engines) await engine[Symbol.asyncDispose]()
  })

  it('an adapter stays where this router has sent it, and the other goes elsewhere', async () => {
    const home = await served('a')
    for (let i = 0; i < 4; i++) expect(await served('a')).toBe(home)
    const other = home === 'e0' ? 'e1' : 'e0'
    await using _ = await longStream(router.gateway, 'a')
    expect(await Promise.all(['b', 'a', 'b', 'a'].map(served))).toEqual([other, home, other, home])
  })

  it('requests go where the engine says that their adapter is', async () => {
    for (const [at, url] of engines.map((engine) => engine.url).entries()) {
      await using _ = await longStream(url, 'b')
      await eventually('b runs there', async () => (await adaptersOf(router.admin, at))?.at(-1) === 'b')
    }
    await using _ = await longStream(engines[1]?.url ?? '', 'a')
    await eventually('a runs there', async () => (await adaptersOf(router.admin, 1))?.join() === 'a')
    expect(await Promise.all(['a', 'b', 'a', 'b'].map(served))).toEqual(['e1', 'e0', 'e1', 'e0'])
    const scores = async (model: string) => {
      const { candidates } = await explain(router.admin, chatBody({ model }))
      return Object.fromEntries(candidates.map(({ endpoint, terms }) => [endpoint, terms['adapter-affinity']]))
    }
    await eventually('b is idle there', async () => (await scores('a'))['e0'] === 0.8)
    expect(await scores('a')).toEqual({ e0: 0.8, e1: 1 })
    expect(await scores('b')).toEqual({ e0: 1, e1: 0 })
    expect(await scores('m')).toEqual({ e0: 0.5, e1: 0.5 })
  })

  it('what was computed with one adapter is not taken for what another needs', async () => {
    const messages = [{ role: 'user', content: 'the same long prompt '.repeat(200) }]
    await (await ask(router.gateway, 'a', { messages })).text()
    const matched = async (model: string) => {
      const { candidates } = await explain(router.admin, chatBody({ model, messages }))
      return Math.max(...candidates.map(({ matchedTokens }) => matchedTokens))
    }
    expect(await matched('a')).toBeGreaterThan(500)
    expect([await matched('b'), await matched('m')]).toEqual([0, 0])
  })

  it('adapters are listed with their root and parent', async () => {
    const entries = await modelList(router.gateway)
    expect(entries.map(({ id, root, parent }) => [id, root, parent])).toEqual([
      ['m', 'm', null],
      ['a', '/adapters/a', 'm'],
      ['b', 'b', 'm'],
      ['base', 'm', null],
    ])
  })

  it('an adapter nobody has is not found, and the answer names what there is', async () => {
    const answer = await ask(router.gateway, 'c')
    expect(answer.status).toBe(404)
    expect(await answer.text()).toMatch(/'c' is not served here.*'a', 'b', 'base', 'm'/)
  })

  it('a request that names no model is for the model, not for one of its adapters', async () => {
    const answer = await post(router.gateway + CHAT, chatBody({ model: undefined, max_tokens: 1 }))
    expect([answer.status, z.looseObject({ model: z.string() }).parse(await answer.json()).model]).toEqual([200, 'm'])
  })
})

it('the default policy keeps adapters apart, for prompts that have nothing in common', SLOW, async () => {
  const start = () => startEngineServer({ model: 'm', loras: ['a', 'b'], maxLoras: 1, speed: 20 })
  await using one = await start()
  await using two = await start()
  await using router = await runRouter({ endpoints: [one, two].map(({ url }, i) => ({ url, id: `e${i}` })) })
  for (const at of [0, 1])
    await eventually('slots are known', async () => (await adaptersOf(router.admin, at)) !== undefined)
  let asked = 0
  const served = async (model: string): Promise<string | null> => {
    const answer = await ask(router.gateway, model, { messages: [{ role: 'user', content: `prompt ${asked++}` }] })
    await answer.text()
    return answer.headers.get('x-kvasir-endpoint')
  }
  const home = await served('a')
  const other = home === 'e0' ? 'e1' : 'e0'
  await using _ = await longStream(router.gateway, 'a')
  const models = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 'b' : 'a'))
  const endpoints: (string | null)[] = []
  for (const model of models) endpoints.push(await served(model))
  expect(endpoints).toEqual(models.map((model) => (model === 'a' ? home : other)))
})

describe('an adapter that only one endpoint lists', SLOW, () => {
  const withAdapter: Probes = { health: 200, models: ['m', 'sql'], parents: { sql: 'm' } }

  async function used(router: RunningRouter, model: string): Promise<Set<string | null>> {
    const endpoints = new Set<string | null>()
    for (let i = 0; i < 4; i++) endpoints.add((await ask(router.gateway, model)).headers.get('x-kvasir-endpoint'))
    return endpoints
  }

  it('is asked for there; and everywhere when the others load it by themselves', async () => {
    await using a = await fakeEngine(undefined, 0, withAdapter)
    await using b = await fakeEngine()
    const settings = { endpoints: [a, b].map(({ url }, i) => ({ url, id: `e${i}` })), policy: 'round-robin' }
    await using listed = await runRouter(settings)
    expect(await used(listed, 'sql')).toEqual(new Set(['e0']))
    expect(await used(listed, 'm')).toEqual(new Set(['e0', 'e1']))
    await using loaded = await runRouter({ ...settings, pools: [{ model: 'm', adapters: ['sql', 'law'] }] })
    expect(await used(loaded, 'sql')).toEqual(new Set(['e0', 'e1']))
    expect(await used(loaded, 'law')).toEqual(new Set(['e0', 'e1']))
    expect((await modelList(loaded.gateway)).map(({ id, parent }) => [id, parent])).toEqual([
      ['m', undefined],
      ['sql', 'm'],
      ['law', 'm'],
    ])
  })

  it('is gone when it is unloaded', async () => {
    const probes = { ...withAdapter }
    await using engine = await fakeEngine(undefined, 0, probes)
    await using router = await runRouter({ endpoints: [engine.url], health: { interval: '20ms' } })
    expect((await ask(router.gateway, 'sql')).status).toBe(200)
    probes.models = ['m']
    await eventually('it is unloaded', async () => (await ask(router.gateway, 'sql')).status === 404)
  })
})
