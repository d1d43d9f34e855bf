import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profileNamed } from '../src/engine/profiles.ts'
import type { EngineOptions } from '../src/engine-server/engine-options.ts'
import { type RunningEngine, startEngineServer } from '../src/engine-server/start-engine-server.ts'
import {
  buildTokenizerJson,
  modelFolder,
  repositoryText,
  TINY_CONFIG,
} from '../src/tokenizer/testing/tiny-tokenizer.ts'
import type { ModelFolder } from '../src/tokenizer/testing/tiny-tokenizer.ts'
import { CHAT } from './testing/chat.ts'
import { explain } from './testing/decision-views.ts'
import { endpointViews } from './testing/endpoint-views.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine } from './testing/fake-engine.ts'
import { findLlamaServer, llamaFleet } from './testing/llama-fleet.ts'
import { post } from './testing/post.ts'
import { type RunningRouter, runRouter } from './testing/router-fixture.ts'
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

const found = findLlamaServer()
if ('missing' in found) {
  console.warn(`SKIPPED: no real llama.cpp server for test/tokens-remote.test.ts: ${found.missing}`)
}
const llama = 'program' in found ? found.program : ''

const SLOW = { timeout: 60_000 }
const profile = { ...profileNamed('qwen3-32b-tp2-h100'), blockSize: BLOCK }
const WHOLE = { deadline: '10s', inline: '1MiB' }
const SMALL = { deadline: '10s', inline: '1KiB' }

let folder: ModelFolder

beforeAll(async () => {
  const json = buildTokenizerJson(await repositoryText(40_000), 200)
  folder = await modelFolder({ 'tokenizer.json': json, 'tokenizer_config.json': TINY_CONFIG })
})
afterAll(async () => {
  await folder[Symbol.asyncDispose]()
})

const engineWith = (more: Partial<EngineOptions> = {}): Promise<RunningEngine> =>
  startEngineServer({ speed: 500, profile, kvEvents: { form: 'vllm', replayPort: 0 }, ...more })

const pools = (tokenizer: object): object[] => [{ model: MODEL, aliases: ['short'], tokenizer }]

const results = (router: RunningRouter, result: string): Promise<number | undefined> =>
  metric(router, `kvasir_tokenized_prompts_total{model="simulated",result="${result}"}`)

async function eventsHaveCome(router: RunningRouter): Promise<void> {
  await eventually('its events have come', async () => {
    const mode = await prefixMode(router)
    return JSON.stringify(mode).includes('"exact"')
  })
  await new Promise((done) => setTimeout(done, 20))
}

async function turnsOf(router: RunningRouter, chats: number, turns: number): Promise<Turn[]> {
  const seen: Turn[] = []
  for await (const turn of conversations(router, chats, turns)) {
    seen.push(turn)
    await eventsHaveCome(router)
  }
  return seen
}

describe('a model without a tokenizer of ours', SLOW, () => {
  it.each([
    ['four bytes a token', () => engineWith()],
    ["a model's tokenizer and template", () => engineWith({ tokenizer: folder.path })],
  ])('has what its engine finds cached predicted to the token, with %s', async (_name, engineOf) => {
    await using engine = await engineOf()
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools(WHOLE) })
    expect(await compared(router)).toMatchObject({ exact: true, reason: 'asked' })
    const seen = await turnsOf(router, 2, 3)
    expect(seen.map(({ decided }) => decided)).toEqual(seen.map(({ prompt }) => prompt))
    expect(seen.map(usable)).toEqual(seen.map(({ cached }) => cached))
    // Every turn but the very first one finds something.
    expect(seen.filter(({ cached }) => cached >= BLOCK)).toHaveLength(seen.length - 1)
    expect(await results(router, 'exact')).toBe(seen.length)
  })

  it('is asked under its own name for what comes under an alias', async () => {
    await using engine = await engineWith()
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools(WHOLE) })
    await compared(router)
    const chat = await ask(router, CHAT, { model: 'short', messages: [{ role: 'user', content: 'alias' }] })
    expect(chat.decided).toBe(chat.prompt)
    const plain = await ask(router, COMPLETIONS, { model: 'short', prompt: `é "quoted" \\ ${text(2, 80)}` })
    expect(plain.decided).toBe(plain.prompt)
  })

  it('has long prompts sent at once; what was learned of them counts in the next turn', async () => {
    await using engine = await engineWith({ tokenizer: folder.path })
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools(SMALL) })
    await compared(router)
    const messages: object[] = [{ role: 'user', content: text(1, 1500) }]
    const first = await ask(router, CHAT, { messages })
    expect([await results(router, 'long'), first.matched]).toEqual([1, 0])
    await eventsHaveCome(router)
    const body = JSON.stringify({ model: MODEL, max_tokens: 2, temperature: 0.5, messages })
    await eventually('its tokens are known', async () => {
      await explain(router.admin, body)
      return await results(router, 'beginning')
    })
    messages.push({ role: 'assistant', content: 'yes' }, { role: 'user', content: text(2, 40) })
    const second = await ask(router, CHAT, { messages })
    expect(await results(router, 'beginning')).toBe(2)
    // All of the first turn but its last, ragged block.
    expect(second.cached - second.matched).toBeLessThanOrEqual(BLOCK)
    expect(second.matched).toBeLessThanOrEqual(second.cached)
    expect(second.cached).toBeGreaterThan(first.prompt - BLOCK)
    expect(await prefixMode(router)).toMatchObject({ mode: 'exact' })
  })

  it('has endpoints with other tokens predicted', async () => {
    await using one = await engineWith({ tokenizer: folder.path })
    await using other = await engineWith()
    const endpoints = [endpointOf(one, 'one'), endpointOf(other, 'other')]
    await using router = await runRouter({ endpoints, pools: pools(WHOLE) })
    const states = await Promise.all(['one', 'other'].map((id) => compared(router, id)))
    expect(states.map(({ reason }) => reason).sort()).toEqual(['asked', 'different'])
    const odd = states[0]?.reason === 'different' ? 'one' : 'other'
    expect((await tokensOf(router, odd))?.why).toContain("that other endpoints make of '")
    expect(await prefixMode(router, odd)).toMatchObject({ mode: 'predicted', reason: 'other-tokens' })
  })

  it('is asked again by whoever is there after its engine was away', async () => {
    const first = await engineWith()
    await using router = await runRouter({ endpoints: [endpointOf(first)], pools: pools(WHOLE) })
    expect(await compared(router)).toMatchObject({ reason: 'asked' })
    const { port } = first
    await first.close()
    await eventually('it is missed', async () => (await endpointViews(router.admin))[0]?.ready === false)
    await using _second = await engineWith({ tokenizer: folder.path, port })
    await eventually('it is back', async () => (await endpointViews(router.admin))[0]?.ready)
    await eventually('it is asked', async () => (await tokensOf(router))?.reason === 'asked')
    const turn = await ask(router, CHAT, { messages: [{ role: 'user', content: text(7, 50) }] })
    expect(turn.decided).toBe(turn.prompt)
  })
})

describe('an engine that stops telling its tokens', SLOW, () => {
  it('gets its requests by their bytes; the log has one line', async () => {
    const told = { status: 200 }
    const answer = { usage: { prompt_tokens: 9 }, choices: [{ index: 0, message: { content: 'x' } }] }
    await using engine = await fakeEngine(
      (response, { url, body }) => {
        const asked = /tokenize|render/.test(url)
        response.writeHead(asked ? told.status : 200, { 'content-type': 'application/json' })
        const tokens = [...body.subarray(-40)]
        response.end(JSON.stringify(asked ? { tokens, token_ids: tokens } : answer))
      },
      0,
      { health: 200, models: [MODEL] },
    )
    await using router = await runRouter({
      endpoints: [{ url: engine.url, id: 'e', engine: 'vllm' }],
      pools: pools({ ...WHOLE, mode: 'exact' }),
    })
    expect(await compared(router)).toMatchObject({ exact: true })
    told.status = 503
    const asks = (): number => engine.requests.filter(({ url }) => url.includes('render')).length
    const before = asks()
    for (let i = 0; i < 10; i++) {
      const body = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: `${i}` }] })
      expect((await post(router.gateway + CHAT, body)).status).toBe(200)
    }
    expect(asks() - before).toBeLessThan(4)
    expect(await results(router, 'remote')).toBe(10)
    const lines = router.log.filter(({ msg }) => String(msg).startsWith('the engine does not tell its tokens'))
    expect(lines).toMatchObject([{ model: MODEL, endpoint: 'e', why: expect.stringContaining('status 503') }])
  })

  it('is believed no longer where its usage counts other tokens, and the log says so', async () => {
    const answer = { usage: { prompt_tokens: 9 }, choices: [{ index: 0, message: { content: 'x' } }] }
    await using engine = await fakeEngine(
      (response, { url }) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(/tokenize|render/.test(url) ? { tokens: [1], token_ids: [1, 2, 3] } : answer))
      },
      0,
      { health: 200, models: [MODEL] },
    )
    const kvEvents = { address: 'tcp://127.0.0.1:9' }
    const endpoints = [{ url: engine.url, id: 'e', engine: 'vllm', kvEvents }]
    await using router = await runRouter({ endpoints, pools: pools(WHOLE) })
    expect(await compared(router)).toMatchObject({ exact: true })
    for (let i = 0; i < 6; i++) {
      const body = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: `${i}` }] })
      expect((await post(router.gateway + CHAT, body)).status).toBe(200)
    }
    expect(await tokensOf(router)).toMatchObject({
      exact: false,
      reason: 'different',
      why: '5 of 5 prompts had other counts in its usage, the last one 9 tokens where 3 were found',
    })
    expect(router.log.filter(({ reason }) => reason === 'different')).toHaveLength(1)
    expect(await results(router, 'exact')).toBe(5)
  })

  it('is not asked for prompts with images, nor for those that are cut', async () => {
    await using engine = await engineWith()
    await using router = await runRouter({ endpoints: [endpointOf(engine)], pools: pools(WHOLE) })
    await compared(router)
    const image = [{ type: 'image_url', image_url: { url: 'data:,x' } }]
    await ask(router, CHAT, { messages: [{ role: 'user', content: image }] })
    await ask(router, CHAT, { messages: [{ role: 'user', content: 'x' }], truncate_prompt_tokens: 5 })
    expect(await results(router, 'inexact')).toBe(2)
  })
})

describe.skipIf(llama === '')('a real llama.cpp server without a tokenizer of ours', SLOW, () => {
  it('tells the tokens of chats and text prompts', async () => {
    await using fleet = await llamaFleet(llama, 1)
    await using router = await runRouter({
      endpoints: [{ url: fleet.urls[0], id: 'e' }],
      pools: [{ model: 'tiny', tokenizer: { ...WHOLE, mode: 'exact' } }],
    })
    expect(await compared(router)).toMatchObject({ model: 'tiny', exact: true, reason: 'asked' })
    const messages: object[] = [{ role: 'system', content: 'Be brief, 1.0 é <|im_end|>' }]
    for (let turn = 0; turn < 2; turn++) {
      messages.push({ role: 'user', content: text(turn, 40) })
      const { decided, prompt } = await ask(router, CHAT, { model: 'tiny', messages })
      expect(decided).toBe(prompt)
      messages.push({ role: 'assistant', content: text(turn, 9) })
    }
    const plain = await ask(router, COMPLETIONS, { model: 'tiny', prompt: text(9, 40) })
    expect(plain.decided).toBe(plain.prompt)
  })
})
