import { describe, expect, it } from 'vitest'
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
const reply = z.looseObject({ model: z.string() })
const known = z.looseObject({
  engine: z.looseObject({
    name: z.string().nullable(),
    adapters: z.looseObject({ loaded: z.array(z.string()) }).nullable(),
  }),
})

function ask(router: RunningRouter, model: string, extra: object = {}): Promise<Response> {
  return post(router.gateway + CHAT, chatBody({ model, max_tokens: 2, ...extra }))
}

/** Who answered, by the endpoint's id, and with which model or adapter. */
async function answered(router: RunningRouter, model: string): Promise<string> {
  const answer = await ask(router, model)
  return `${answer.headers.get('x-kvasir-endpoint')} ${reply.parse(await answer.json()).model}`
}

const sglang = () => startEngineServer({ flavor: 'sglang', model: 'm', loras: ['a=/adapters/a', 'b'], speed: 20 })

async function routerOf(engines: readonly RunningEngine[]): Promise<RunningRouter> {
  const router = await runRouter({
    endpoints: engines.map(({ url }, i) => ({ url, id: `e${i}` })),
    pools: [
      { model: 'm', aliases: ['base'] },
      { model: 'a', aliases: ['first'] },
    ],
    policy: 'round-robin',
  })
  await eventually('the engines are found out', async () => {
    const views = (await endpointViews(router.admin)).map((view) => known.parse(view))
    return views.every(({ engine }) => engine.name !== null)
  })
  return router
}

describe('SGLang, which is asked for an adapter behind its model', SLOW, () => {
  it.each([
    ['m:a', 'a'],
    ['a', 'a'],
    ['base:a', 'a'],
    ['first', 'a'],
    ['m:b', 'b'],
    ['m', 'm'],
    ['base', 'm'],
  ])('answers %s with %s', async (name, model) => {
    await using engine = await sglang()
    await using router = await routerOf([engine])
    expect(await answered(router, name)).toBe(`e0 ${model}`)
  })

  it('has one cache and one slot for both names of an adapter', async () => {
    await using engine = await sglang()
    await using router = await routerOf([engine])
    const messages = [{ role: 'user', content: 'the same long prompt '.repeat(200) }]
    expect((await ask(router, 'm:a', { messages })).status).toBe(200)
    const matched = async (model: string) => {
      const { candidates } = await explain(router.admin, chatBody({ model, messages }))
      return Math.max(...candidates.map(({ matchedTokens }) => matchedTokens))
    }
    expect(await matched('a')).toBeGreaterThan(500)
    expect(await matched('base:a')).toBe(await matched('a'))
    expect([await matched('m:b'), await matched('m')]).toEqual([0, 0])
    expect(known.parse((await endpointViews(router.admin))[0]).engine.adapters?.loaded).toEqual(['a'])
  })

  it('serves an adapter beside a vLLM, each asked in its own way', async () => {
    await using first = await sglang()
    await using second = await startEngineServer({ model: 'm', loras: ['a', 'b'], speed: 20 })
    await using router = await routerOf([first, second])
    for (const name of ['m:a', 'a', 'first']) {
      const both = [await answered(router, name), await answered(router, name)]
      expect([name, ...both.toSorted()]).toEqual([name, 'e0 a', 'e1 a'])
    }
  })

  it('is not asked for an adapter that nobody has, or of another model', async () => {
    await using engine = await sglang()
    await using router = await routerOf([engine])
    for (const name of ['m:c', 'other:a', 'a:a', 'm:', ':a']) {
      const answer = await ask(router, name)
      expect([name, answer.status]).toEqual([name, 404])
      expect(await answer.text()).toMatch(/is not served here/)
    }
  })
})

describe('the name that an engine gets', SLOW, () => {
  const probes: Probes = { health: 200, models: ['m', 'sql'], parents: { sql: 'm' } }

  it.each<[string, string, string | undefined]>([
    ['sglang', 'm:sql', undefined],
    ['sglang', 'sql', '"m:sql"'],
    ['sglang', 'base:sql', '"m:sql"'],
    ['sglang', 'm', undefined],
    ['vllm', 'm:sql', '"sql"'],
    ['vllm', 'sql', undefined],
    ['vllm', 'base:sql', '"sql"'],
    ['openai', 'm:sql', '"sql"'],
    ['auto', 'm:sql', undefined],
    ['auto', 'sql', undefined],
    ['auto', 'base:sql', '"m:sql"'],
  ])('%s asked for %s', async (engine, written, sent) => {
    await using fake = await fakeEngine(undefined, 0, probes)
    await using router = await runRouter({
      endpoints: [{ url: fake.url, engine, metrics: false }],
      pools: [{ model: 'm', aliases: ['base'] }],
      usage: { ask: 'none' },
    })
    const body = `{"model":"${written}","rid":"mine","messages":[]}`
    expect((await post(router.gateway + CHAT, body)).status).toBe(200)
    expect(fake.requests[0]?.body.toString()).toBe(body.replace(`"${written}"`, sent ?? `"${written}"`))
  })

  it('may hold a colon where it is no adapter', async () => {
    const models = ['qwen3:8b', 'qwen3', 'law']
    await using fake = await fakeEngine(undefined, 0, { health: 200, models, parents: { law: 'qwen3:8b' } })
    const endpoint = { url: fake.url, metrics: false, engine: 'ollama' }
    await using router = await runRouter({ endpoints: [endpoint], usage: { ask: 'none' } })
    const sent = async (model: string): Promise<unknown> => {
      const { status } = await ask(router, model)
      return status === 200 ? z.looseObject({ model: z.string() }).parse(bodyOf(fake.requests.at(-1))).model : status
    }
    expect(await sent('qwen3:8b')).toBe('qwen3:8b')
    expect(await sent('qwen3')).toBe('qwen3')
    expect(await sent('qwen3:8b:law')).toBe('law')
    expect(await sent('qwen3:law')).toBe(404)
    expect(await sent('qwen3:4b')).toBe(404)
  })
})

function bodyOf(request: { readonly body: Buffer } | undefined): unknown {
  return JSON.parse(request?.body.toString() ?? '')
}
