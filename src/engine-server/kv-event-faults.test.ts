import { expect, test } from 'vitest'
import { profileNamed } from '../engine/profiles.ts'
import type { EngineOptions } from './engine-options.ts'
import { NO_FAULTS } from './faults.ts'
import type { KvEventOptions } from './kv/kv-event-options.ts'
import type { RunningEngine } from './start-engine-server.ts'
import { startEngineServer } from './start-engine-server.ts'
import { chatBurst, getJson, post } from './testing/client.ts'
import { eventually, followBlocks } from './testing/followed-blocks.ts'

const profile = { ...profileNamed('qwen3-32b-tp2-h100'), kvTokens: 3200, blockSize: 16 }

function start(kvEvents: Partial<KvEventOptions> = {}, more: Partial<EngineOptions> = {}): Promise<RunningEngine> {
  return startEngineServer({ speed: 200, profile, kvEvents: { form: 'vllm', replayPort: 0, ...kvEvents }, ...more })
}

test.each([
  ['drop', { eventDrop: 0.3 }],
  ['duplicate', { eventDuplicate: 0.5 }],
  ['reorder', { eventReorder: 0.3 }],
  ['delay', { eventDelay: 0.1, eventDelaySeconds: 0.05 }],
  [
    'all of them',
    { eventDrop: 0.1, eventDuplicate: 0.2, eventReorder: 0.2, eventDelay: 0.05, eventDelaySeconds: 0.05 },
  ],
])('messages that come with faults (%s) still say what the cache holds, thanks to the history', async (_, faults) => {
  await using engine = await start()
  using followed = await followBlocks(engine, 'vllm')
  expect((await post(engine, '/faults', faults)).status).toBe(200)
  for (const from of [0, 100, 200]) await chatBurst(engine, { from })
  await fetch(`${engine.url}/faults`, { method: 'DELETE' })
  expect(await getJson(engine, '/faults')).toEqual(NO_FAULTS)
  await chatBurst(engine, { from: 300, requests: 5 })
  await followed.agreed(engine)
  const { duplicates, replays } = followed.counts()
  if ('eventDuplicate' in faults) expect(duplicates).toBeGreaterThan(0)
  if ('eventDrop' in faults) expect(replays).toBeGreaterThan(0)
})

test('a gap without a history is a loss, after which less is known than is there', async () => {
  await using engine = await startEngineServer({ speed: 200, profile, kvEvents: { form: 'vllm' } })
  using followed = await followBlocks(engine, 'vllm')
  await eventually(() =>
    followed.counts().messages > 0 ? undefined : (void chatBurst(engine, { requests: 1 }), 'no message'),
  )
  await post(engine, '/faults/now', { incident: 'event-gap', messages: 2 })
  await chatBurst(engine, { requests: 8, from: 50 })
  await eventually(() => (followed.losses.length > 0 ? undefined : 'no loss'))
  expect(followed.losses).toEqual(['no-replay'])
  const held = new Set(engine.cachedHashes()?.map((hash) => BigInt.asUintN(64, hash)))
  expect(followed.copies.size).toBeLessThan(held.size)
})

test('an engine that restarts begins anew, and breaks off what runs', async () => {
  await using engine = await start()
  using followed = await followBlocks(engine, 'vllm')
  await chatBurst(engine)
  await followed.agreed(engine)
  await post(engine, '/faults', { slow: 1e6 })
  const running = post(engine, '/v1/completions', { prompt: 'x', max_tokens: 1000, stream: true })
  const ended = (await running).text().then(
    () => 'in full',
    () => 'broken off',
  )
  await post(engine, '/faults/now', { incident: 'engine-restart' })
  expect(await ended).toBe('broken off')
  await fetch(`${engine.url}/faults`, { method: 'DELETE' })
  expect(engine.cachedHashes()).toEqual([])
  expect(await (await fetch(`${engine.url}/metrics`)).text()).toMatch(/vllm:prompt_tokens_total\{.*\} 0\n/)
  await chatBurst(engine, { from: 500, requests: 20 })
  await followed.agreed(engine)
  expect(followed.restarts()).toBe(1)
  expect(followed.copies.size).toBeGreaterThan(0)
})

test.each([false, true])(
  'a publisher that restarts is told from one that goes on (reconnect %s)',
  async (reconnect) => {
    await using engine = await start()
    using followed = await followBlocks(engine, 'vllm')
    await chatBurst(engine)
    await followed.agreed(engine)
    const [before] = engine.kvEventSources
    await post(engine, '/faults/now', { incident: 'publisher-restart', reconnect })
    expect(engine.kvEventSources).toEqual([before])
    await chatBurst(engine, { from: 400, requests: 10 })
    await eventually(() => (followed.restarts() === 1 ? undefined : 'no restart was seen'))
  },
)

test('an engine that crashes is gone, and comes back at the same addresses with nothing', async () => {
  await using engine = await start()
  using followed = await followBlocks(engine, 'vllm')
  await chatBurst(engine)
  await followed.agreed(engine)
  await post(engine, '/faults/now', { incident: 'crash', downSeconds: 0.3 })
  await eventually(() => (engine.cachedHashes()?.length === 0 ? undefined : 'still there'))
  await expect(fetch(`${engine.url}/health`)).rejects.toThrow(/fetch failed/)
  let answers = false
  await eventually(() => {
    void fetch(`${engine.url}/health`).then(
      () => (answers = true),
      () => undefined,
    )
    return answers ? undefined : 'still down'
  })
  await chatBurst(engine, { from: 600, requests: 20 })
  await followed.agreed(engine)
  expect(followed.copies.size).toBeGreaterThan(0)
})

test('a crash for good is told, and stays', async () => {
  let told = 0
  await using engine = await start({}, { onCrash: () => told++ })
  await post(engine, '/faults/now', { incident: 'crash' })
  await eventually(() => (told === 1 ? undefined : 'not told'))
  await expect(fetch(`${engine.url}/health`)).rejects.toThrow(/fetch failed/)
})

test.each([
  [{ incident: 'meteor' }, /incident/],
  [{ incident: 'event-gap', rank: 4 }, /expected one that publishes KV events, found 4/],
])('%j is refused', async (body, message) => {
  await using engine = await start()
  const response = await post(engine, '/faults/now', body)
  expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(message)])
})
