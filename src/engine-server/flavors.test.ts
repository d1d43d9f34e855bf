import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { detectEngine } from '../signals/detect-engine.ts'
import { httpProbe } from '../signals/http-probe.ts'
import { LOAD_HEADER, LOAD_REQUEST_HEADER, parseLoadHeader } from '../signals/load-header.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import type { EngineReading } from '../signals/metrics/engine-reading.ts'
import { pollEndpoint } from '../signals/poll-endpoint.ts'
import { createRemoteTokenizer } from '../tokenizer/remote-tokenizer.ts'
import { profileNamed } from '../engine/profiles.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Flavor, MetricsForm } from './flavor.ts'
import { FLAVORS } from './flavor.ts'
import type { RunningEngine } from './start-engine-server.ts'
import { startEngineServer } from './start-engine-server.ts'
import { getJson, post } from './testing/client.ts'
import { eventually } from './testing/followed-blocks.ts'

const NAMES: Readonly<Record<Flavor, EngineName>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  'llama.cpp': 'llama-cpp',
  'tensorrt-llm': 'tensorrt-llm',
  openai: 'openai',
}

const profile = { ...profileNamed('qwen3-32b-tp2-h100'), kvTokens: 6400, blockSize: 16, maxSequences: 2 }

/** An engine with 2 running requests and 3 waiting per rank, each of 128 prompt tokens in 8 blocks, which it never ends. */
async function busyEngine(more: Partial<EngineOptions>): Promise<RunningEngine> {
  const engine = await startEngineServer({ profile, ...more, model: 'm' })
  await (await post(engine, '/v1/completions', { prompt: 'y'.repeat(512), max_tokens: 1 })).text()
  const ranks = more.dataParallelSize ?? 1
  for (let at = 0; at < 5 * ranks; at++) {
    const prompt = `${at} `.padEnd(508, 'x')
    const headers = { 'x-data-parallel-rank': String(at % ranks) }
    void post(engine, '/v1/completions', { prompt, max_tokens: 500 }, headers).catch(() => undefined)
  }
  return engine
}

/** What the poller reads once it satisfies the condition. */
async function reading(engine: RunningEngine, fits: (read: EngineReading) => boolean): Promise<EngineReading> {
  await using poller = pollEndpoint({
    probe: httpProbe({ url: engine.url }),
    clock: () => performance.now() / 1000,
    sleep: (seconds, signal) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
    pace: { busy: 0.05, idle: 0.05 },
  })
  await eventually(() => (fits(poller.state().reading) ? undefined : JSON.stringify(poller.state().reading)))
  return poller.state().reading
}

const busy = ({ running, waiting, modelIds }: EngineReading): boolean =>
  running === 2 && waiting === 3 && modelIds !== undefined

describe.each(FLAVORS)('%s', (flavor) => {
  test('is found out by what it answers', async () => {
    await using engine = await startEngineServer({ flavor })
    expect((await detectEngine(httpProbe({ url: engine.url }))).engine).toBe(NAMES[flavor])
  })

  test('answers chats, and lists its model', async () => {
    await using engine = await startEngineServer({ flavor, speed: 100, model: 'm' })
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 4 }
    const answer: unknown = await (await post(engine, '/v1/chat/completions', body)).json()
    expect(answer).toMatchObject({ object: 'chat.completion', usage: { completion_tokens: 4 } })
    expect(await getJson(engine, '/v1/models')).toMatchObject({ data: [{ id: 'm' }] })
    expect((await fetch(`${engine.url}/health`)).status).toBe(200)
  })
})

describe('what a poller reads', () => {
  const CAPACITY = { kvCapacityTokens: 6400, blockSize: 16 }

  test.each<[string, Flavor, MetricsForm | undefined, object]>([
    ['vLLM', 'vllm', undefined, { ...CAPACITY, prefixCacheQueriedTokens: 128 + 2 * 127, promptTokens: 128 + 2 * 127 }],
    ['vLLM before 0.9', 'vllm', 'vllm-old', CAPACITY],
    ['SGLang', 'sglang', undefined, { ...CAPACITY, maxRunning: 2, waitingTokens: 3 * 127 }],
    ['TensorRT-LLM', 'tensorrt-llm', undefined, { ...CAPACITY, maxRunning: 2 }],
    ['llama.cpp', 'llama.cpp', undefined, { kvCapacityTokens: 6400, maxRunning: 2 }],
  ])('%s tells its load', async (_, flavor, metrics, expected) => {
    await using engine = await busyEngine({ flavor, ...(metrics === undefined ? {} : { metrics }) })
    // Some values come with other routes than the first ones, or a step later.
    const read = await reading(engine, (read) => {
      const found = new Map<string, unknown>(Object.entries(read))
      return busy(read) && Object.entries(expected).every(([name, value]) => found.get(name) === value)
    })
    expect(read.modelIds).toEqual(['m'])
    expect(read.kvUsage).toBeGreaterThan(0)
    expect(read.kvUsage).toBeLessThan(0.3)
  })

  test.each<[string, Flavor, MetricsForm | undefined]>([
    ['vLLM', 'vllm', undefined],
    ['vLLM before 0.9', 'vllm', 'vllm-old'],
    ['SGLang', 'sglang', undefined],
  ])('%s tells the load of every rank', async (_, flavor, metrics) => {
    const ranked = { flavor, dataParallelSize: 2, ...(metrics === undefined ? {} : { metrics }) }
    await using engine = await busyEngine(ranked)
    const read = await reading(engine, ({ running, waiting }) => running === 4 && waiting === 6)
    expect(read.kvCapacityTokens).toBe(12_800)
    expect(read.perRank).toMatchObject([
      { rank: 0, running: 2, waiting: 3 },
      { rank: 1, running: 2, waiting: 3 },
    ])
  })

  test('TensorRT-LLM without a Prometheus page tells its load in statistics of iterations', async () => {
    await using engine = await busyEngine({ flavor: 'tensorrt-llm', metrics: 'none' })
    expect((await fetch(`${engine.url}/prometheus/metrics`)).status).toBe(404)
    expect(await reading(engine, busy)).toMatchObject({ ...CAPACITY, maxRunning: 2 })
  })
})

describe('adapters', () => {
  const models = z.object({
    data: z.array(z.object({ id: z.string(), parent: z.string().nullable(), root: z.string() })),
  })

  test('are listed, loaded and unloaded, and answer under their own name', async () => {
    await using engine = await startEngineServer({ model: 'm', loras: ['sql=/adapters/sql'], speed: 100 })
    const completion = { model: 'sql', prompt: 'x', max_tokens: 1 }
    expect(await (await post(engine, '/v1/completions', completion)).json()).toMatchObject({ model: 'sql' })
    expect((await post(engine, '/v1/load_lora_adapter', { lora_name: 'law', lora_path: '/law' })).status).toBe(200)
    expect((await post(engine, '/v1/load_lora_adapter', { lora_name: 'law', lora_path: '/law' })).status).toBe(400)
    expect(models.parse(await getJson(engine, '/v1/models')).data).toEqual([
      { id: 'm', parent: null, root: 'm' },
      { id: 'sql', parent: 'm', root: '/adapters/sql' },
      { id: 'law', parent: 'm', root: '/law' },
    ])
    expect((await post(engine, '/v1/unload_lora_adapter', { lora_name: 'sql' })).status).toBe(200)
    expect((await post(engine, '/v1/completions', completion)).status).toBe(404)
    expect((await post(engine, '/v1/unload_lora_adapter', { lora_name: 'sql' })).status).toBe(404)
  })

  test('cannot be loaded where they are off', async () => {
    await using engine = await startEngineServer()
    const refused = await post(engine, '/v1/load_lora_adapter', { lora_name: 'a', lora_path: '/a' })
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/LoRA is not enabled/)])
  })

  test('more than fit together wait, while others go first, and the metrics tell which', async () => {
    await using engine = await startEngineServer({ model: 'm', loras: ['a', 'b', 'c'], maxLoras: 2 })
    expect(await (await fetch(`${engine.url}/metrics`)).text()).toContain(
      'max_lora="2",running_lora_adapters="",waiting_lora_adapters=""',
    )
    for (const model of ['a', 'b', 'c', 'm', 'a']) {
      void post(engine, '/v1/completions', { model, prompt: 'x', max_tokens: 2000 }).catch(() => undefined)
    }
    const read = await reading(engine, ({ running, modelIds }) => running === 4 && modelIds !== undefined)
    expect(read).toMatchObject({ waiting: 1, loraLoaded: ['a', 'b'], loraWaiting: ['c'], loraMax: 2 })
    expect(read.modelIds).toEqual(['m', 'a', 'b', 'c'])
  })
})

describe('the load in an answer', () => {
  test.each(['json', 'TEXT'])('comes as %s where it is asked for, in streams and without', async (format) => {
    await using engine = await startEngineServer({ speed: 100 })
    for (const stream of [true, false]) {
      const headers = { [LOAD_REQUEST_HEADER.name]: format }
      const response = await post(engine, '/v1/completions', { prompt: 'x', max_tokens: 2, stream }, headers)
      expect(parseLoadHeader(response.headers.get(LOAD_HEADER) ?? undefined)).toEqual({
        waiting: 0,
        running: undefined,
        kvUsage: 0,
      })
      await response.text()
    }
  })

  test('comes from vLLM alone, and on the routes it has it on', async () => {
    const headers = { [LOAD_REQUEST_HEADER.name]: 'json' }
    await using sglang = await startEngineServer({ speed: 100, flavor: 'sglang' })
    await using vllm = await startEngineServer({ speed: 100 })
    const body = { prompt: 'x', input: 'x', max_tokens: 1 }
    const answers = await Promise.all([
      post(sglang, '/v1/completions', body, headers),
      post(vllm, '/v1/embeddings', body, headers),
      post(vllm, '/v1/completions', body, headers),
    ])
    expect(answers.map((response) => [response.status, response.headers.has(LOAD_HEADER)])).toEqual([
      [200, false],
      [200, false],
      [200, true],
    ])
  })

  test('does not come otherwise', async () => {
    await using engine = await startEngineServer({ speed: 100 })
    const response = await post(engine, '/v1/completions', { prompt: 'x', max_tokens: 1 })
    expect(response.headers.has(LOAD_HEADER)).toBe(false)
  })
})

describe('tokens as each engine tells them', () => {
  const chat = { messages: [{ role: 'user', content: 'How many tokens is this?' }], max_tokens: 1 }
  const counted = z.object({ usage: z.object({ prompt_tokens: z.int() }) })

  test.each(['vllm', 'llama.cpp'] as const)(
    '%s renders and tokenizes a chat as it computes with it',
    async (flavor) => {
      await using engine = await startEngineServer({ flavor, speed: 100, model: 'm' })
      const remote = createRemoteTokenizer({ engine: flavor, url: engine.url, model: 'm' })
      const tokens = await remote.chat(JSON.stringify(chat))
      const answer = counted.parse(await (await post(engine, '/v1/chat/completions', chat)).json())
      expect(tokens).toHaveLength(answer.usage.prompt_tokens)
      const path = flavor === 'vllm' ? 'prompt' : 'content'
      const back: unknown = await (await post(engine, '/detokenize', { tokens: [...tokens] })).json()
      expect(back).toEqual({ [path]: expect.stringContaining('How many tokens is this?') })
    },
  )

  test('SGLang tokenizes one text or several', async () => {
    await using engine = await startEngineServer({ flavor: 'sglang', speed: 100, model: 'm' })
    const remote = createRemoteTokenizer({ engine: 'sglang', url: engine.url, model: 'm' })
    const tokens = [...(await remote.text('one text'))]
    expect(await (await post(engine, '/v1/tokenize', { prompt: ['one text', 'x'] })).json()).toMatchObject({
      tokens: [tokens, [120]],
      count: [2, 1],
    })
    expect(await (await post(engine, '/detokenize', { tokens })).json()).toEqual({ text: 'one text' })
    expect(await (await post(engine, '/detokenize', { tokens: [tokens, [120]] })).json()).toEqual({
      text: ['one text', 'x'],
    })
  })

  test('a completions request is rendered prompt by prompt, and its ids are a prompt', async () => {
    await using engine = await startEngineServer({ speed: 100 })
    const rendered = z.array(z.object({ token_ids: z.array(z.int()), cache_salt: z.string().nullable() }))
    const json: unknown = await (
      await post(engine, '/v1/completions/render', { prompt: ['some text', 'x'], cache_salt: 's' })
    ).json()
    const [first, second] = rendered.parse(json)
    expect([first?.token_ids.length, second?.token_ids, second?.cache_salt]).toEqual([3, [120], 's'])
    const more = { max_tokens: 3, return_token_ids: true, seed: 4 }
    const byText: unknown = await (await post(engine, '/v1/completions', { prompt: 'some texts..', ...more })).json()
    const choice = z.object({ text: z.string(), prompt_token_ids: z.array(z.int()), token_ids: z.array(z.int()) })
    const [text] = z.object({ choices: z.array(choice) }).parse(byText).choices
    expect(text?.token_ids).toHaveLength(3)
    const ids = { prompt_token_ids: text?.prompt_token_ids, ...more }
    const byIds: unknown = await (await post(engine, '/v1/completions', ids)).json()
    expect(byIds).toMatchObject({ choices: [{ text: text?.text, token_ids: text?.token_ids }] })
  })

  test('llama.cpp tells of its slots', async () => {
    await using engine = await busyEngine({ flavor: 'llama.cpp' })
    const slots = z.array(z.object({ is_processing: z.boolean(), n_ctx: z.int(), n_prompt_tokens: z.int().optional() }))
    await reading(engine, ({ running }) => running === 2)
    const found = slots.parse(await getJson(engine, '/slots'))
    expect(found).toMatchObject([
      { is_processing: true, n_ctx: 3200, n_prompt_tokens: 127 },
      { is_processing: true, n_ctx: 3200, n_prompt_tokens: 127 },
    ])
    expect(await getJson(engine, '/props')).toMatchObject({ total_slots: 2, is_sleeping: false })
  })
})

describe('a stream', () => {
  const request = { messages: [{ role: 'user', content: 'x' }], max_tokens: 3, stream: true }
  const chunk = z.object({
    choices: z.array(z.object({ token_ids: z.array(z.int()).optional() })),
    usage: z.object({ completion_tokens: z.int(), prompt_tokens: z.int() }).nullish(),
    prompt_token_ids: z.array(z.int()).optional(),
  })

  async function chunks(engine: RunningEngine, more: object): Promise<z.infer<typeof chunk>[]> {
    const text = await (await post(engine, '/v1/chat/completions', { ...request, ...more })).text()
    const data = text.split('\n\n').filter((event) => event.startsWith('data: {'))
    return data.map((event) => chunk.parse(JSON.parse(event.slice(6))))
  }

  test('has the usage at its end where that is asked for, and in every chunk where that is', async () => {
    await using engine = await startEngineServer({ speed: 100 })
    const usages = async (options?: object): Promise<(number | undefined)[]> =>
      (await chunks(engine, options === undefined ? {} : { stream_options: options })).map(
        ({ usage }) => usage?.completion_tokens,
      )
    expect(await usages()).toEqual([undefined, undefined, undefined, undefined])
    expect(await usages({ include_usage: true })).toEqual([undefined, undefined, undefined, undefined, 3])
    expect(await usages({ include_usage: true, continuous_usage_stats: true })).toEqual([0, 1, 2, 3, 3])
  })

  test('has the token ids where they are asked for', async () => {
    await using engine = await startEngineServer({ speed: 100 })
    const [first, ...others] = await chunks(engine, { return_token_ids: true })
    const tokenized = z.object({ tokens: z.array(z.int()) })
    const { tokens } = tokenized.parse(await (await post(engine, '/tokenize', { messages: request.messages })).json())
    expect(first?.prompt_token_ids).toEqual(tokens)
    expect(others.flatMap(({ choices }) => choices[0]?.token_ids ?? [])).toHaveLength(3)
  })

  test('is what stream options need', async () => {
    await using engine = await startEngineServer()
    const refused = await post(engine, '/v1/chat/completions', {
      ...request,
      stream: false,
      stream_options: { include_usage: true },
    })
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/Stream options/)])
  })
})

test.each([
  ['vllm', { error: { message: expect.any(String), type: 'NotFoundError', param: 'model', code: 404 } }],
  ['sglang', { object: 'error', message: expect.any(String), type: 'NotFoundError', param: 'model', code: 404 }],
  ['llama.cpp', { error: { message: expect.any(String), type: 'not_found_error', code: 404 } }],
] as const)('%s says in its own way what is wrong', async (flavor, expected) => {
  await using engine = await startEngineServer({ flavor })
  const response = await post(engine, '/v1/completions', { model: 'other', prompt: 'x' })
  expect([response.status, await response.json()]).toEqual([404, expected])
})
