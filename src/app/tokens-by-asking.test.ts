import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fleetFixture } from '../core/testing/fleet-fixture.ts'
import { understand } from '../gateway/understand.ts'
import { BlockHasher } from '../prefix/block-hasher.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'
import { routeOf } from '../protocol/route.ts'
import { EngineQuestions } from '../tokenizer/engine-questions.ts'
import { jsonServer } from '../tokenizer/testing/json-server.ts'
import { TokensByAsking } from './tokens-by-asking.ts'

const CHAT = '/v1/chat/completions'
const settings = {
  mode: 'auto',
  remote: 'auto',
  inline: 3000,
  deadline: 0.5,
  forwardIds: true,
  cacheBytes: 1 << 20,
} as const

/** An engine whose tokens are the bytes of the prompt's text; it answers after so many milliseconds. */
async function rig(options: { readonly delay?: number; readonly deadline?: number; readonly status?: number } = {}) {
  const { delay = 0, deadline = 0.5, status = 200 } = options
  const server = await jsonServer(async (_path, body) => {
    await sleep(delay)
    const text = 'prompt' in body ? String(body['prompt']) : JSON.stringify(body['messages']).slice(1, -1)
    return [status, { tokens: [...Buffer.from(text)], token_ids: [...Buffer.from(text)] }]
  })
  const results: string[] = []
  const clock = (): number => performance.now() / 1000
  const questions = new EngineQuestions({ engine: 'vllm', url: server.url, headers: {}, clock, onFailing: () => {} })
  const search = new TokensByAsking(
    {
      model: 'm',
      settings: { ...settings, deadline },
      tokenBlocks: {
        wantedBy: () => true,
        keysOf: (ids, { cacheSalt }) => [tokenBlockKeys(ids, 16, namespaceSeed({ adapter: undefined, cacheSalt }, 16))],
      },
      mayForward: () => true,
      engineFor: () => (questions.resting ? 'remote' : questions.full ? 'busy' : questions),
      clock,
      sought: (_model, result) => void results.push(result),
    },
    { chat: 8, text: 2 },
  )
  const asked = () => server.received.map(({ body }) => body)
  return {
    search,
    results,
    asked,
    settled: async () => await expect.poll(() => questions.pending).toBe(0),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function understood(path: string, body: object) {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', ...body }))
  const { fleet } = fleetFixture(['e'])
  fleet.setAliases(new Map([['alias', 'm']]))
  const route = routeOf('POST', path)
  if (route === undefined) throw new Error(`no route ${path}`)
  const services = { fleet, hasher: new BlockHasher() }
  const request = understand(services, route, bytes, { contentEncoding: undefined, tenant: undefined })
  if ('code' in request) throw new Error(request.message)
  return [request, bytes] as const
}

const text = (prompt: string) => understood('/v1/completions', { prompt })
const words = (count: number): string => Array.from({ length: count }, (_, i) => `word ${i} `).join('')

describe('tokens by asking', () => {
  it('come at once for what is small, and are asked for once', async () => {
    await using one = await rig({ delay: 20 })
    const both = await Promise.all([one.search.find('text', ...text('ab')), one.search.find('text', ...text('ab'))])
    expect(both.map((found) => [found?.ids, found?.forward, found?.prefix])).toEqual([
      [Uint32Array.of(97, 98), true, undefined],
      [Uint32Array.of(97, 98), true, undefined],
    ])
    await one.search.find('text', ...text('ab'))
    expect([one.asked().length, one.results]).toEqual([1, ['exact', 'exact', 'exact']])
  })

  it('are asked for under the name of the model, byte for byte', async () => {
    await using one = await rig()
    await one.search.find(
      'chat',
      ...understood(CHAT, { model: 'alias', messages: [{ role: 'user', content: 'é' }], x: 1 }),
    )
    expect(one.asked()).toEqual([{ model: 'm', messages: [{ role: 'user', content: 'é' }], x: 1 }])
  })

  it('are not waited for where a prompt is long; the next turn begins with them', async () => {
    await using one = await rig()
    const first = words(400)
    expect(await one.search.find('text', ...text(first))).toBeUndefined()
    await one.settled()
    const next = await one.search.find('text', ...text(first + words(40)))
    expect([next?.ids, next?.prefix, next?.forward]).toEqual([
      Uint32Array.from(Buffer.from(first)).subarray(0, -2),
      true,
      false,
    ])
    expect(next?.keys?.[0]?.count).toBe(Math.floor((first.length - 2) / 16))
    expect(one.results).toEqual(['long', 'beginning'])
    await one.settled()
    expect(one.asked()).toHaveLength(2)
    // What is new of this one is less than a sixteenth: the engine is left alone.
    expect((await one.search.find('text', ...text(`${first}${words(40)}a little more`)))?.prefix).toBe(true)
    expect(one.asked()).toHaveLength(2)
  })

  it('are not asked for where a prompt is very long', async () => {
    await using one = await rig()
    expect(await one.search.find('text', ...text('a'.repeat(3 << 20)))).toBeUndefined()
    expect([one.results, one.asked()]).toEqual([['inexact'], []])
  })

  it('are of no use where they are less than half of a prompt', async () => {
    await using one = await rig()
    await one.search.find('text', ...text(words(400)))
    await one.settled()
    expect(await one.search.find('text', ...text(words(400) + words(900)))).toBeUndefined()
    expect(one.results).toEqual(['long', 'long'])
    await one.settled()
  })

  it('that come too late leave the beginning, and are there for the next turn', async () => {
    await using one = await rig({ delay: 60, deadline: 0.02 })
    const first = words(60)
    expect(await one.search.find('text', ...text(first))).toBeUndefined()
    await one.settled()
    const next = await one.search.find('text', ...text(first + words(20)))
    expect([next?.prefix, one.results]).toEqual([true, ['late', 'beginning']])
    await one.settled()
    expect((await one.search.find('text', ...text(first + words(20))))?.prefix).toBeUndefined()
    expect(one.results.at(-1)).toBe('exact')
  })

  it('are not there while the engine fails, is busy, or refuses', async () => {
    await using failing = await rig({ status: 500 })
    for (const prompt of ['a', 'b']) expect(await failing.search.find('text', ...text(prompt))).toBeUndefined()
    expect([failing.results, failing.asked().length]).toEqual([['remote', 'remote'], 1])
    await using refusing = await rig({ status: 400 })
    for (const prompt of ['a', 'b']) expect(await refusing.search.find('text', ...text(prompt))).toBeUndefined()
    expect([refusing.results, refusing.asked().length]).toEqual([['inexact', 'inexact'], 2])
    await using busy = await rig({ delay: 20 })
    const found = await Promise.all(
      Array.from({ length: 9 }, async (_, i) => await busy.search.find('text', ...text(`${i}`))),
    )
    expect([found.filter((one) => one !== undefined).length, busy.results[0]]).toEqual([8, 'busy'])
  })
})
