import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../../test/testing/free-port.ts'
import { profileNamed } from '../engine/profiles.ts'
import { ExactIndex } from '../prefix/exact-index.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'
import { low64 } from '../signals/kv-events/block-hash.ts'
import { decodeTensorrtLlmPull } from '../signals/kv-events/decode-tensorrt-llm.ts'
import { sglangBlockHashes } from '../signals/kv-events/sglang-hash.ts'
import { vllmBlockHashes } from '../signals/kv-events/vllm-hash.ts'
import type { EngineOptions } from './engine-options.ts'
import { KV_EVENT_FORMS } from './kv/kv-event-options.ts'
import type { KvEventForm, KvEventOptions } from './kv/kv-event-options.ts'
import type { RunningEngine } from './start-engine-server.ts'
import { startEngineServer } from './start-engine-server.ts'
import { chatBurst, getJson, post } from './testing/client.ts'
import type { FollowedBlocks } from './testing/followed-blocks.ts'
import { eventually, followBlocks } from './testing/followed-blocks.ts'

const profile = { ...profileNamed('qwen3-32b-tp2-h100'), kvTokens: 3200, blockSize: 16 }

function start(kvEvents: KvEventOptions, more: Partial<EngineOptions> = {}): Promise<RunningEngine> {
  return startEngineServer({ speed: 200, profile, kvEvents: { replayPort: 0, ...kvEvents }, ...more })
}

const usage = z.object({
  usage: z.object({ prompt_tokens: z.int(), prompt_tokens_details: z.object({ cached_tokens: z.int() }) }),
})

async function cachedTokens(engine: RunningEngine, path: string, body: object): Promise<number> {
  const answer = usage.parse(await (await post(engine, path, body)).json())
  return answer.usage.prompt_tokens_details.cached_tokens
}

describe.each(KV_EVENT_FORMS)('%s', (form) => {
  test('what the events say is what the cache holds, through evictions and a reset', async () => {
    await using engine = await start({ form })
    using followed = await followBlocks(engine, form)
    await chatBurst(engine)
    await followed.agreed(engine)
    await chatBurst(engine, { from: 100 })
    await followed.agreed(engine)
    expect(followed.events.filter(({ type }) => type === 'blocks-removed').length).toBeGreaterThan(0)
    expect(followed.copies.size).toBeGreaterThan(100)
    expect([followed.problems, followed.losses, followed.restarts()]).toEqual([[], [], 0])
    expect(engine.cachedHashes()).not.toContain(-1n)
    const reset = form.startsWith('sglang') ? '/flush_cache' : '/reset_prefix_cache'
    const flavor = form.startsWith('sglang') ? 'sglang' : 'vllm'
    await using other = await start({ form }, { flavor })
    using watched = await followBlocks(other, form)
    await chatBurst(other, { requests: 5 })
    await watched.agreed(other)
    expect((await post(other, reset)).status).toBe(200)
    await eventually(() => (watched.copies.size === 0 ? undefined : 'not cleared'))
    expect(other.cachedHashes()).toEqual([])
    expect(watched.events.at(-1)?.type).toBe('all-blocks-cleared')
  })

  test('copies of a block are told one by one by vLLM, and as one block by the others', async () => {
    await using engine = await start({ form })
    using followed = await followBlocks(engine, form)
    // Whole blocks: the last one is computed again each time, as its last token must be.
    const body = { prompt: 'z'.repeat(64 * 5), max_tokens: 1 }
    for (let time = 0; time < 3; time++) await (await post(engine, '/v1/completions', body)).text()
    await followed.agreed(engine)
    const isVllm = form.startsWith('vllm')
    expect([...followed.copies.values()].sort()).toEqual([1, 1, 1, 1, isVllm ? 3 : 1])
    expect(engine.cachedHashes()).toHaveLength(7)
    await chatBurst(engine)
    await chatBurst(engine, { from: 100 })
    await followed.agreed(engine)
    const first = followed.stores[0]?.blockHashes[0] ?? 0n
    expect(followed.copies.has(first)).toBe(false)
  })

  test('tokens are those of the tokenize route, hashes those of their chain', async () => {
    await using engine = await start({ form })
    using followed = await followBlocks(engine, form)
    const messages = [{ role: 'user', content: 'word '.repeat(100) }]
    const tokenized: unknown = await (await post(engine, '/tokenize', { messages })).json()
    const tokens = Uint32Array.from(z.object({ tokens: z.array(z.int()) }).parse(tokenized).tokens)
    await (await post(engine, '/v1/chat/completions', { messages, max_tokens: 1 })).text()
    await followed.agreed(engine)
    const [stored] = followed.stores
    const blocks = Math.floor(tokens.length / 16)
    const expected = form.startsWith('sglang')
      ? sglangBlockHashes(tokens, { pageSize: 16 })
      : vllmBlockHashes(tokens, { algorithm: 'sha256_cbor', blockSize: 16 })
    expect(stored).toMatchObject({ parentHash: undefined, blockSize: 16, tier: 'gpu', loraName: undefined })
    expect(stored?.tokenIds).toEqual(tokens.subarray(0, 16 * blocks))
    expect(stored?.blockHashes).toEqual(expected.map(low64))
  })
})

describe('an index that takes the events in', () => {
  test('predicts what the engine will find in its cache', async () => {
    await using engine = await start({ form: 'vllm' })
    using followed = await followBlocks(engine, 'vllm')
    const turns: { role: string; content: string }[] = [{ role: 'user', content: 'Tell me a story. '.repeat(20) }]
    const answer = z.object({ choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })]) })
    for (let turn = 0; turn < 4; turn++) {
      const predicted = await predict(engine, followed.stores, { messages: turns })
      const body = { messages: turns, max_tokens: 60 }
      const json: unknown = await (await post(engine, '/v1/chat/completions', body)).json()
      expect(usage.parse(json).usage.prompt_tokens_details.cached_tokens).toBe(predicted)
      if (turn > 0) expect(predicted).toBeGreaterThan(0)
      const { message } = answer.parse(json).choices[0]
      turns.push({ role: 'assistant', content: message.content }, { role: 'user', content: `More, part ${turn}.` })
      await followed.agreed(engine)
    }
  })

  test('keeps adapters and salts apart as the engine does', async () => {
    await using engine = await start({ form: 'vllm' }, { loras: ['one', 'two=/adapters/two'], maxLoras: 2 })
    using followed = await followBlocks(engine, 'vllm')
    const prompt = 'the same text '.repeat(40)
    const spaces = [{}, { model: 'one' }, { model: 'two' }, { cache_salt: 'a' }, { model: 'one', cache_salt: 'a' }]
    for (const space of spaces) {
      expect(await cachedTokens(engine, '/v1/completions', { prompt, max_tokens: 1, ...space })).toBe(0)
    }
    await followed.agreed(engine)
    for (const space of spaces) {
      const predicted = await predict(engine, followed.stores, { prompt }, space)
      expect(predicted).toBeGreaterThan(100)
      expect(await cachedTokens(engine, '/v1/completions', { prompt, max_tokens: 1, ...space })).toBe(predicted)
    }
    expect(followed.stores.map(({ loraName, cacheSalt }) => [loraName, cacheSalt])).toEqual(
      expect.arrayContaining([
        [undefined, undefined],
        ['one', undefined],
        ['two', undefined],
        [undefined, 'a'],
        ['one', 'a'],
      ]),
    )
  })
})

const RANKS = 3

/** Starts an engine at ports next to each other, which may be taken although the first one is free. */
async function atNeighbouringPorts(
  begin: (port: number) => Promise<RunningEngine>,
): Promise<{ readonly engine: RunningEngine; readonly port: number }> {
  for (let left = 20; ; left--) {
    const port = await freePort()
    try {
      return { engine: await begin(port), port }
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

/** The prompt tokens that a router expects to be cached. */
async function predict(
  engine: RunningEngine,
  stores: FollowedBlocks['stores'],
  body: object,
  space: { readonly model?: string; readonly cache_salt?: string } = {},
): Promise<number> {
  const index = new ExactIndex()
  const slot = index.addEndpoint()
  for (const event of stores) index.stored(slot, event)
  const json: unknown = await (await post(engine, '/tokenize', body)).json()
  const tokens = Uint32Array.from(z.object({ tokens: z.array(z.int()) }).parse(json).tokens)
  const seed = namespaceSeed({ adapter: space.model, cacheSalt: space.cache_salt }, 16)
  // The last token is always computed, whatever the cache holds.
  const most = Math.floor((tokens.length - 1) / 16)
  return 16 * Math.min(most, index.depth(slot, tokenBlockKeys(tokens, 16, seed)))
}

test('each rank publishes its own cache at its own port, and requests go where the header says', async () => {
  const { engine: started, port } = await atNeighbouringPorts((free) =>
    start({ form: 'vllm', port: free, replayPort: free + RANKS, topic: 'kv@a@m' }, { dataParallelSize: RANKS }),
  )
  await using engine = started
  expect(engine.kvEventSources).toEqual(
    Array.from({ length: RANKS }, (_, rank) => ({
      data_parallel_rank: rank,
      endpoint: `tcp://127.0.0.1:${port + rank}`,
      replay_endpoint: `tcp://127.0.0.1:${port + RANKS + rank}`,
      topic: 'kv@a@m',
    })),
  )
  expect(await getJson(engine, '/kv_event_sources')).toEqual(engine.kvEventSources)
  using zero = await followBlocks(engine, 'vllm', { topic: 'kv@' })
  using one = await followBlocks(engine, 'vllm', { rank: 1 })
  using two = await followBlocks(engine, 'vllm', { rank: 2 })
  await chatBurst(engine, { requests: 10, headers: { 'x-data-parallel-rank': '1' } })
  await one.agreed(engine)
  expect([zero.copies.size, two.copies.size]).toEqual([0, 0])
  expect(one.copies.size).toBeGreaterThan(0)
  expect(one.ranks).toEqual(new Set([1]))
  await chatBurst(engine, { requests: 12, headers: { 'x-data-parallel-rank': 'any' } })
  for (const each of [zero, one, two]) {
    await each.agreed(engine)
    expect(each.copies.size).toBeGreaterThan(0)
  }
  const refused = await post(engine, '/v1/completions', { prompt: 'x' }, { 'x-data-parallel-rank': '3' })
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/from 0 to 2, found 3/)])
})

test.each<[KvEventForm, 3 | 4 | undefined]>([
  ['vllm', undefined],
  ['vllm', 3],
  ['sglang', undefined],
])('a router that comes late to %s with %s frames gets all of it from the history', async (form, replayFrames) => {
  await using engine = await start({ form, ...(replayFrames === undefined ? {} : { replayFrames }) })
  await chatBurst(engine)
  using followed = await followBlocks(engine, form)
  await followed.agreed(engine)
  expect(followed.counts()).toMatchObject({ losses: 0, undecodable: 0, garbage: 0 })
})

test('TensorRT-LLM hands out its events once to whoever fetches them', async () => {
  await using engine = await start({ form: 'tensorrt-llm' }, { flavor: 'tensorrt-llm' })
  const held = new Set<bigint>()
  let next = 0
  for (const from of [0, 100]) {
    await chatBurst(engine, { from })
    const pulled = decodeTensorrtLlmPull(await (await post(engine, '/kv_cache_events')).text())
    if (!pulled.ok) throw new Error(pulled.found)
    for (const { seq, events } of pulled.batches) {
      expect(seq).toBe(next++)
      for (const event of events) {
        if (event.type === 'blocks-stored') for (const hash of event.blockHashes) held.add(hash)
        if (event.type === 'blocks-removed') for (const hash of event.blockHashes) held.delete(hash)
      }
    }
    expect(held).toEqual(new Set(engine.cachedHashes()?.map((hash) => low64(hash))))
  }
  expect(await (await post(engine, '/kv_cache_events')).text()).toBe('[]')
})

test('the cache is not emptied under requests that run', async () => {
  await using engine = await start({ form: 'vllm' }, { speed: 1 })
  const running = post(engine, '/v1/completions', { prompt: 'x'.repeat(100), max_tokens: 20 })
  await eventually(() => (engine.cachedHashes()?.length === 0 ? 'nothing runs yet' : undefined))
  const refused = await post(engine, '/reset_prefix_cache')
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringMatching(/in use by 1 request/)])
  await (await running).text()
  expect((await post(engine, '/reset_prefix_cache')).status).toBe(200)
})

test('without events nothing is published, and nothing is said about the cache', async () => {
  await using engine = await startEngineServer({ speed: 200 })
  await chatBurst(engine, { requests: 2 })
  expect([engine.kvEventSources, engine.cachedHashes()]).toEqual([[], undefined])
  expect(await getJson(engine, '/_kvasir/cache')).toEqual({ ranks: [{ rank: 0, hashes: null }] })
})
