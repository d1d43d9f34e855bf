import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { profileNamed } from '../src/engine/profiles.ts'
import type { EngineOptions } from '../src/engine-server/engine-options.ts'
import { type RunningEngine, startEngineServer } from '../src/engine-server/start-engine-server.ts'
import {
  buildTokenizerJson,
  CHATML,
  type ModelFolder,
  modelFolder,
  repositoryText,
  TINY_CONFIG,
} from '../src/tokenizer/testing/tiny-tokenizer.ts'
import { CHAT } from './testing/chat.ts'
import { decisionViews, explain } from './testing/decision-views.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine } from './testing/fake-engine.ts'
import { findLlamaServer, llamaFleet } from './testing/llama-fleet.ts'
import { post } from './testing/post.ts'
import {
  ask,
  BLOCK,
  compared,
  COMPLETIONS,
  conversations,
  endpointOf,
  metric,
  MODEL,
  prefixMode,
  text,
  tokensOf,
  type Turn,
  usable,
} from './testing/token-turns.ts'
import { configOf, runRouter } from './testing/router-fixture.ts'

const found = findLlamaServer()
if ('missing' in found) {
  console.warn(`SKIPPED: no real llama.cpp server for test/tokens-gateway.test.ts: ${found.missing}`)
}
const llama = 'program' in found ? found.program : ''
const MODEL_FILE = resolve(import.meta.dirname, '../../shared/engines/llama-server/tiny.gguf')

const SLOW = { timeout: 60_000 }
const profile = { ...profileNamed('qwen3-32b-tp2-h100'), blockSize: BLOCK }
/** Long enough for a busy machine: what a missed deadline does is tested by itself. */
const PATIENT = { deadline: '10s' }

let folder: ModelFolder
let other: ModelFolder

beforeAll(async () => {
  const json = buildTokenizerJson(await repositoryText(40_000), 200)
  folder = await modelFolder({ 'tokenizer.json': json, 'tokenizer_config.json': TINY_CONFIG })
  const template = CHATML.replaceAll('<|im_end|>\n', '<|im_end|>')
  other = await modelFolder({
    'tokenizer.json': json,
    'tokenizer_config.json': { ...TINY_CONFIG, chat_template: template },
  })
})
afterAll(async () => {
  await folder[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const engineWith = (path: string, more: Partial<EngineOptions> = {}): Promise<RunningEngine> =>
  startEngineServer({ speed: 500, profile, tokenizer: path, kvEvents: { form: 'vllm', replayPort: 0 }, ...more })

function pools(tokenizer: object): object[] {
  return [{ model: MODEL, tokenizer: { path: folder.path, ...PATIENT, ...tokenizer } }]
}

describe('a chat whose tokens are known', SLOW, () => {
  it('is matched to the token with what the engine then finds cached', async () => {
    await using engine = await engineWith(folder.path)
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({}) })
    expect(await compared(router)).toMatchObject({ exact: true, reason: 'same' })
    const seen: Turn[] = []
    for await (const turn of conversations(router, 3, 4)) {
      seen.push(turn)
      await eventually(
        'its events have come',
        async () => z.object({ mode: z.literal('exact') }).safeParse(await prefixMode(router)).success,
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(seen.map(({ decided }) => decided)).toEqual(seen.map(({ prompt }) => prompt))
    expect(seen.map(usable)).toEqual(seen.map(({ cached }) => cached))
    expect(seen.filter(({ cached }) => cached > 200).length).toBeGreaterThan(8)
    expect(await metric(router, 'kvasir_tokenized_prompts_total{model="simulated",result="exact"}')).toBe(seen.length)
    const messages = [{ role: 'system', content: text(1, 60) }]
    const view = await explain(router.admin, JSON.stringify({ model: MODEL, messages }))
    expect([view.matchedTokens % BLOCK, view.matchedTokens > 100]).toEqual([0, true])
  })

  it('is sent to nobody when its client has left meanwhile', async () => {
    await using engine = await engineWith(folder.path)
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({ mode: 'exact' }) })
    await compared(router)
    const prompt = text(3, 150_000)
    const leave = new AbortController()
    const body = JSON.stringify({ model: MODEL, prompt })
    const left = fetch(router.gateway + COMPLETIONS, { method: 'POST', body, signal: leave.signal })
    setTimeout(() => leave.abort(), 100)
    await expect(left).rejects.toThrow()
    const ended = await eventually('it has ended', () => router.log.find(({ status }) => status === 499))
    expect(ended).toMatchObject({ route: 'completions', model: MODEL, attempts: 0 })
    expect(await decisionViews(router.admin)).toEqual([])
  })

  it('has its tokens found for text prompts and token ids alike', async () => {
    await using engine = await engineWith(folder.path)
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({}) })
    await compared(router)
    const prompt = `é "quoted" \\ ${text(2, 80)}`
    const first = await ask(router, COMPLETIONS, { prompt })
    expect(first).toMatchObject({ decided: first.prompt, matched: 0 })
    await eventually(
      'its events have come',
      async () => (await explain(router.admin, JSON.stringify({ model: MODEL, prompt }))).matchedTokens > 0,
    )
    const again = await ask(router, COMPLETIONS, { prompt: [prompt] })
    expect(usable(again)).toBe(again.cached)
    expect(again.cached).toBeGreaterThan(100)
    const several = await ask(router, COMPLETIONS, { prompt: [prompt, 'another'] })
    expect(several.decided).not.toBe(several.prompt)
  })
})

describe("a tokenizer that is not the engine's", SLOW, () => {
  it('is not used, and the log, the interface and a metric say why', async () => {
    await using engine = await engineWith(other.path)
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({}) })
    const state = await compared(router)
    expect(state).toMatchObject({ exact: false, reason: 'different' })
    expect(state.why).toMatch(/prompt 'plain': expected the engine's \d+ tokens, found \d+; at \d+/)
    const line = router.log.find(({ msg }) => msg === "our tokens are not known to be the engine's")
    expect(line).toMatchObject({ model: MODEL, endpoint: 'e', reason: 'different', why: state.why })
    expect(
      await metric(router, 'kvasir_endpoint_tokens{endpoint="e",model="simulated",exact="false",reason="different"}'),
    ).toBe(1)
    const messages = [{ role: 'user', content: text(4, 60) }]
    const turn = await ask(router, CHAT, { messages })
    expect(turn.decided).not.toBe(turn.prompt)
    expect(await metric(router, 'kvasir_tokenized_prompts_total')).toBeUndefined()
    // Text prompts go through no template, and those that come as token ids need none.
    expect(await prefixMode(router)).not.toMatchObject({ reason: 'other-tokens' })
    const plain = await ask(router, COMPLETIONS, { prompt: text(4, 60) })
    expect(plain.decided).toBe(plain.prompt)
  })

  it('is used again for the endpoint that agrees, while the other is predicted', async () => {
    await using good = await engineWith(folder.path)
    await using bad = await engineWith(other.path)
    const endpoints = [endpointOf(bad, 'bad'), endpointOf(good, 'good')]
    await using router = await runRouter({ endpoints, pools: pools({}) })
    expect(await compared(router, 'bad')).toMatchObject({ reason: 'different' })
    expect(await compared(router, 'good')).toMatchObject({ reason: 'same' })
    expect(await prefixMode(router, 'bad')).toMatchObject({ mode: 'predicted', reason: 'other-tokens' })
    expect((await ask(router, CHAT, { messages: [{ role: 'user', content: 'hi' }] })).decided).toBeGreaterThan(5)
    expect(await metric(router, 'kvasir_tokenized_prompts_total{model="simulated",result="exact"}')).toBe(1)
  })

  it('is asked about again when the engine was away', async () => {
    const first = await engineWith(other.path)
    await using router = await runRouter({ endpoints: [endpointOf(first)], pools: pools({}) })
    expect(await compared(router)).toMatchObject({ reason: 'different' })
    const { port } = first
    await first.close()
    await eventually('it is missed', async () => (await endpointViews(router.admin))[0]?.ready === false)
    await using _second = await engineWith(folder.path, { port })
    await eventually('it agrees now', async () => (await tokensOf(router))?.reason === 'same')
  })

  it('cannot be compared where the engine has no such route', async () => {
    await using engine = await fakeEngine(undefined, 0, { health: 200, models: [MODEL] })
    await using router = await runRouter({
      endpoints: [{ url: engine.url, id: 'e', engine: 'tgi' }],
      pools: pools({ mode: 'exact' }),
    })
    expect(await compared(router)).toMatchObject({
      exact: false,
      reason: 'unknown',
      why: expect.stringContaining('tgi has no route'),
    })
    router.router.reload(
      configOf({
        endpoints: [{ url: engine.url, id: 'e', engine: 'tgi' }],
        pools: pools({ mode: 'exact', remote: 'off' }),
      }),
    )
    await eventually('it is taken at its word', async () => (await tokensOf(router))?.reason === 'trusted')
    await post(router.gateway + COMPLETIONS, JSON.stringify({ model: MODEL, prompt: 'aaaa' }))
    expect((await decisionViews(router.admin, 1))[0]?.promptTokens).toBeGreaterThan(1)
  })
})

describe('a request', SLOW, () => {
  it('goes on without its tokens after the deadline, and finds them soon after', async () => {
    await using engine = await engineWith(folder.path)
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({ deadline: '5ms' }) })
    await compared(router)
    const messages = Array.from({ length: 20 }, (_, i) => ({ role: 'user', content: text(i, 1000) }))
    const first = await ask(router, CHAT, { messages })
    expect(first.decided).not.toBe(first.prompt)
    expect(await metric(router, 'kvasir_tokenized_prompts_total{model="simulated",result="late"}')).toBe(1)
    const body = JSON.stringify({ model: MODEL, messages })
    await eventually(
      'its tokens are known',
      async () => (await explain(router.admin, body)).promptTokens === first.prompt,
    )
  })

  it.each([
    ['an image', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,x' } }] }] }],
    ['a template of its own', { messages: [{ role: 'user', content: 'x' }], chat_template: 'x' }],
    ['a cut prompt', { messages: [{ role: 'user', content: 'x' }], truncate_prompt_tokens: 5 }],
  ])('with %s is matched by its bytes', async (_name, body) => {
    await using engine = await engineWith(folder.path)
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({}) })
    await compared(router)
    await ask(router, CHAT, body)
    expect(await metric(router, 'kvasir_tokenized_prompts_total{model="simulated",result="inexact"}')).toBe(1)
  })

  it('is never sent as token ids where one of the endpoints has others', async () => {
    await using good = await engineWith(folder.path)
    await using bad = await fakeEngine(
      (response, { url }) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(/tokenize|render/.test(url) ? { tokens: [1], token_ids: [1, 2, 3] } : {}))
      },
      0,
      { health: 200, models: [MODEL] },
    )
    const endpoints = [endpointOf(good, 'good'), { url: bad.url, id: 'bad', engine: 'vllm' }]
    await using router = await runRouter({ endpoints, pools: pools({ forwardIds: true, mode: 'exact' }) })
    expect(await compared(router, 'bad')).toMatchObject({ reason: 'different' })
    expect(await compared(router, 'good')).toMatchObject({ reason: 'same' })
    for (let i = 0; i < 6; i++)
      await post(router.gateway + COMPLETIONS, JSON.stringify({ model: MODEL, prompt: `${i}` }))
    const sent = bad.requests.filter(({ url }) => url === COMPLETIONS).map(({ body }) => body.toString())
    expect(sent.length).toBeGreaterThan(0)
    for (const body of sent) expect(body).toMatch(/"prompt":"\d"/)
  })

  it('is sent as token ids where that is wanted', async () => {
    await using engine = await fakeEngine(undefined, 0, { health: 200, models: [MODEL] })
    await using router = await runRouter({
      endpoints: [{ url: engine.url, id: 'e' }],
      pools: [
        {
          model: MODEL,
          aliases: ['short'],
          tokenizer: { path: folder.path, remote: 'off', forwardIds: true, ...PATIENT },
        },
      ],
    })
    await eventually('the tokenizer is loaded', async () => (await tokensOf(router))?.exact)
    const url = router.gateway + COMPLETIONS
    await post(url, '{"temperature":1.0, "prompt" : "ab\\u00e9 <|im_end|>","model":"short","n":1}')
    await post(router.gateway + CHAT, JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'x' }] }))
    await post(url, JSON.stringify({ model: MODEL, prompt: ['a', 'b'] }))
    const bodies = engine.requests.map(({ body }) => body.toString())
    expect(bodies[0]).toMatch(/^\{"temperature":1\.0, "prompt" : \[\d+(,\d+)+\],"model":"simulated","n":1\}$/)
    expect(bodies[1]).toContain('"content":"x"')
    expect(bodies[2]).toContain('["a","b"]')
  })
})

describe('a tokenizer that cannot be read', SLOW, () => {
  it('leaves prompts to their bytes, and says so', async () => {
    await using engine = await engineWith(folder.path)
    const path = `${folder.path}/missing`
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools({ path }) })
    const state = await compared(router)
    expect(state).toMatchObject({ exact: false, reason: 'broken' })
    expect(state.why).toContain(`${path}: expected a file tokenizer.json, found no such folder`)
    expect(router.log.find(({ msg }) => String(msg).startsWith('tokenizer not loaded'))).toMatchObject({ model: MODEL })
    expect((await ask(router, CHAT, { messages: [{ role: 'user', content: 'x' }] })).prompt).toBeGreaterThan(1)
  })

  it('is read again at a reload, once it has been mended', async () => {
    const json = buildTokenizerJson(await repositoryText(40_000), 200)
    await using broken = await modelFolder({ 'tokenizer.json': '{"model": {', 'tokenizer_config.json': TINY_CONFIG })
    await using engine = await engineWith(folder.path)
    const settings = { endpoints: [endpointOf(engine)], pools: pools({ path: broken.path }) }
    await using router = await runRouter(settings)
    expect(await compared(router)).toMatchObject({ reason: 'broken', why: expect.stringContaining('expected JSON') })
    const told = () => router.log.filter(({ msg }) => String(msg).startsWith('tokenizer not loaded'))
    for (let i = 0; i < 5; i++) await ask(router, CHAT, { messages: [{ role: 'user', content: 'x' }] })
    expect(told()).toHaveLength(1)
    router.router.reload(configOf(settings))
    await eventually('it is told again', () => told().length === 2)
    expect(told()[1]).toMatchObject({ msg: 'tokenizer not loaded; prompts are matched by their bytes' })
    await broken.write('tokenizer.json', json)
    router.router.reload(configOf(settings))
    await eventually('it agrees', async () => (await tokensOf(router))?.reason === 'same')
  })

  it('has its text prompts tokenized where only the template is broken', async () => {
    const json = buildTokenizerJson(await repositoryText(40_000), 200)
    await using half = await modelFolder({ 'tokenizer.json': json, 'chat_template.jinja': '{% if %}' })
    await using engine = await engineWith(folder.path)
    const remote = { path: half.path, mode: 'exact', remote: 'off' }
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools(remote) })
    const lines = router.log.filter(({ msg }) => msg === 'chats are matched by their bytes')
    expect(lines).toMatchObject([{ model: MODEL, why: expect.stringContaining('expected Jinja') }])
    const plain = await ask(router, COMPLETIONS, { prompt: text(4, 60) })
    expect(plain.decided).toBe(plain.prompt)
    const chat = await ask(router, CHAT, { messages: [{ role: 'user', content: text(4, 60) }] })
    expect(chat.decided).not.toBe(chat.prompt)
  })

  it('keeps the router from starting where exact tokens are wanted', async () => {
    const settings = {
      endpoints: ['http://127.0.0.1:9'],
      pools: pools({ path: `${folder.path}/missing`, mode: 'exact' }),
    }
    await expect(runRouter(settings)).rejects.toThrow(/the tokenizer of model 'simulated' cannot be used: .*missing/)
  })

  it('leaves the old one in force at a reload, and a good one takes its place', async () => {
    await using engine = await engineWith(other.path)
    const endpoints = [endpointOf(engine)]
    await using router = await runRouter({ endpoints, pools: pools({}) })
    expect(await compared(router)).toMatchObject({ reason: 'different' })
    router.router.reload(configOf({ endpoints, pools: pools({ path: '/nowhere', mode: 'exact' }) }))
    await eventually('it is reported', () =>
      router.log.some(({ msg }) => String(msg).includes('the old tokenizer stays')),
    )
    expect(await tokensOf(router)).toMatchObject({ reason: 'different' })
    router.router.reload(configOf({ endpoints, pools: pools({ path: other.path }) }))
    await eventually('the new one agrees', async () => (await tokensOf(router))?.reason === 'same')
    router.router.reload(configOf({ endpoints, pools: pools({ mode: 'off' }) }))
    expect(await tokensOf(router)).toBeUndefined()
  })
})

describe.skipIf(llama === '')('a real llama.cpp server and its model file', SLOW, () => {
  it('count the same tokens for chats and text prompts', async () => {
    await using fleet = await llamaFleet(llama, 1)
    await using router = await runRouter({
      endpoints: [{ url: fleet.urls[0], id: 'e' }],
      pools: [{ model: 'tiny', tokenizer: { path: MODEL_FILE, mode: 'exact', forwardIds: true, ...PATIENT } }],
    })
    expect(await compared(router)).toMatchObject({ model: 'tiny', exact: true, reason: 'same' })
    const messages: object[] = [{ role: 'system', content: 'Be brief, 1.0 é <|im_end|>' }]
    for (let turn = 0; turn < 3; turn++) {
      messages.push({ role: 'user', content: text(turn, 40) })
      const { decided, prompt } = await ask(router, CHAT, { model: 'tiny', messages })
      expect(decided).toBe(prompt)
      messages.push({ role: 'assistant', content: text(turn, 9) })
    }
    const plain = await ask(router, COMPLETIONS, { model: 'tiny', prompt: text(9, 40) })
    expect(plain.decided).toBe(plain.prompt)
  })
})
