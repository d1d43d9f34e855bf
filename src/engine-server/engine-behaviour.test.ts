import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { MAY_BE_LATE } from '../../test/testing/may-be-late.ts'
import { NO_FAULTS } from './faults.ts'
import { startEngineServer } from './start-engine-server.ts'
import type { RunningEngine } from './start-engine-server.ts'

const prompt = 'hello '.repeat(10)

function complete(engine: RunningEngine, body: object, init: RequestInit = {}): Promise<Response> {
  return fetch(`${engine.url}/v1/completions`, { method: 'POST', body: JSON.stringify({ prompt, ...body }), ...init })
}

async function metric(engine: RunningEngine, name: string): Promise<number> {
  const page = await (await fetch(`${engine.url}/metrics`)).text()
  const line = page.split('\n').find((each) => each.startsWith(`vllm:${name}{`) || each.startsWith(`vllm:${name} `))
  return Number(line?.split(' ').at(-1))
}

async function until(condition: () => Promise<boolean>, milliseconds: number): Promise<number> {
  const began = performance.now()
  while (!(await condition())) {
    if (performance.now() - began > milliseconds) throw new Error(`not within ${milliseconds} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now() - began
}

describe('timing', () => {
  test('a stream takes as long as the profile says, at its speed', MAY_BE_LATE, async () => {
    await using engine = await startEngineServer({ speed: 2 })
    const began = performance.now()
    await (await complete(engine, { max_tokens: 41, stream: true })).text()
    // 1 step of prefill and 40 of decoding, each about 15.1 ms at speed 1.
    expect(performance.now() - began).toBeGreaterThan((41 * 15.1) / 2 - 1)
    expect(performance.now() - began).toBeLessThan(((41 * 15.1) / 2) * 3)
  })

  test('late timers do not shift what happens', MAY_BE_LATE, async () => {
    await using engine = await startEngineServer({ speed: 1 })
    const answer = complete(engine, { max_tokens: 20 })
    const stall = setInterval(() => {
      const began = performance.now()
      while (performance.now() - began < 30);
    }, 35)
    await (await answer).text()
    clearInterval(stall)
    const page = await (await fetch(`${engine.url}/metrics`)).text()
    const sum = Number(/e2e_request_latency_seconds_sum\{[^}]*\} (\S+)/.exec(page)?.[1])
    // 20 steps of 13.6 + 0.0273 + 1.5 ms, and a few microseconds for reading the KV cache.
    expect(sum).toBeGreaterThan(0.3 * 1.0)
    expect(sum).toBeLessThan(0.306)
  })

  test('a repeated prompt is prefilled faster', MAY_BE_LATE, async () => {
    await using engine = await startEngineServer({ speed: 10 })
    const long = 'x'.repeat(40_000)
    const time = async (): Promise<number> => {
      const began = performance.now()
      await (await complete(engine, { prompt: long, max_tokens: 1 })).text()
      return performance.now() - began
    }
    const cold = await time()
    expect(cold).toBeGreaterThan(50)
    expect(await time()).toBeLessThan(cold / 2)
  })
})

describe('clients that leave', () => {
  test.each([{ stream: true }, { stream: false }])('take their request along: %j', MAY_BE_LATE, async ({ stream }) => {
    await using engine = await startEngineServer({ speed: 0.2 })
    const controller = new AbortController()
    const gone = complete(engine, { max_tokens: 1000, stream }, { signal: controller.signal })
    gone.catch(() => {})
    await until(async () => (await metric(engine, 'num_requests_running')) === 1, 1000)
    controller.abort()
    const took = await until(async () => (await metric(engine, 'num_requests_running')) === 0, 1000)
    expect(took).toBeLessThan(50)
    expect(await metric(engine, 'kv_cache_usage_perc')).toBe(0)
    const page = await (await fetch(`${engine.url}/metrics`)).text()
    expect(page).toContain('finished_reason="abort"} 1')
  })
})

describe('refusals', () => {
  test('a queue that is full answers 503', async () => {
    const options = { speed: 0.5, maxQueuedRequests: 2 }
    await using engine = await startEngineServer(options)
    const controller = new AbortController()
    const send = (): Promise<Response> =>
      complete(engine, { max_tokens: 500, stream: true }, { signal: controller.signal })
    // 16 prompts fill several steps, so that later ones have to wait.
    const long = complete(
      engine,
      { prompt: 'y'.repeat(300_000), max_tokens: 1, stream: true },
      { signal: controller.signal },
    )
    await long
    await until(async () => (await metric(engine, 'num_requests_running')) === 1, 1000)
    await send()
    await send()
    const refused = await send()
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ error: { type: 'ServiceUnavailableError', code: 503 } })
    expect(await metric(engine, 'admission_rejections_total')).toBe(1)
    controller.abort()
  })

  test('an engine that starts is neither healthy nor ready', async () => {
    await using engine = await startEngineServer({ startupDelay: 0.2, speed: 50 })
    expect((await fetch(`${engine.url}/health`)).status).toBe(503)
    expect((await complete(engine, { max_tokens: 1 })).status).toBe(503)
    expect((await fetch(`${engine.url}/metrics`)).status).toBe(200)
    await until(async () => (await fetch(`${engine.url}/health`)).status === 200, 1000)
    expect((await complete(engine, { max_tokens: 1 })).status).toBe(200)
  })

  test('a context larger than the KV cache is cut to it', async () => {
    const { profile } = await import('./engine-options.ts').then(({ engineOptions }) => engineOptions({}))
    await using engine = await startEngineServer({ profile: { ...profile, kvTokens: 1000 }, speed: 50 })
    expect((await complete(engine, { max_tokens: 1000 })).status).toBe(400)
    expect((await complete(engine, { max_tokens: 900 })).status).toBe(200)
  })
})

describe('connections', () => {
  function open(engine: RunningEngine): { socket: Socket; closed: Promise<number>; received: () => string } {
    const began = performance.now()
    const socket = connect(engine.port, '127.0.0.1')
    let text = ''
    socket.on('data', (data) => (text += data.toString()))
    const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - began)))
    return { socket, closed, received: () => text }
  }

  test('are closed when idle, without an announcement', async () => {
    await using engine = await startEngineServer({ keepAliveSeconds: 0.3 })
    const { socket, closed, received } = open(engine)
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
    const after = await closed
    expect(received()).toMatch(/^HTTP\/1.1 200 OK/)
    expect(received().toLowerCase()).not.toContain('keep-alive')
    expect(after).toBeGreaterThan(280)
    expect(after).toBeLessThan(1300)
  })

  test('of llama.cpp announce how long they are kept, and end with the hundredth answer', async () => {
    await using engine = await startEngineServer({ flavor: 'llama.cpp' })
    const { socket, received } = open(engine)
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100))
    const answersOf = (): string[] => received().split('HTTP/1.1 200 OK').slice(1)
    await until(async () => answersOf()[99]?.endsWith('{"status":"ok"}') === true, 2000)
    const answers = answersOf()
    socket.destroy()
    expect(answers[0]).toMatch(/^Keep-Alive: timeout=5, max=100\r$/m)
    expect(answers[98]).not.toMatch(/^Connection: close/m)
    expect(answers[99]).toMatch(/^Connection: close\r$/m)
  })

  test('serve one request after the other, also when they were sent at once', async () => {
    await using engine = await startEngineServer({ speed: 50 })
    const { socket, received } = open(engine)
    const body = JSON.stringify({ prompt, max_tokens: 3, stream: true })
    const request = `POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    socket.write(request + request)
    await until(async () => received().split('[DONE]').length === 3, 2000)
    const [, first = '', second = ''] = received().split('HTTP/1.1 200 OK')
    for (const response of [first, second]) {
      expect(response.match(/text_completion/g)).toHaveLength(3)
      expect(response.endsWith('\r\n0\r\n\r\n')).toBe(true)
    }
    socket.destroy()
  })

  test('do not keep a closed engine', async () => {
    const engine = await startEngineServer({ speed: 0.1 })
    const gone = complete(engine, { max_tokens: 100, stream: true })
    const response = await gone
    await engine.close()
    await expect(response.text()).rejects.toThrow('terminated')
    await expect(fetch(`${engine.url}/health`)).rejects.toThrow('fetch failed')
  })
})

describe('faults', () => {
  async function readTokens(response: Response): Promise<{ tokens: number; error: boolean }> {
    let text = ''
    const decoder = new TextDecoder()
    try {
      for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true })
      return { tokens: text.split('"text":"').length - 1, error: false }
    } catch {
      return { tokens: text.split('"text":"').length - 1, error: true }
    }
  }

  test.each([{ resetAfter: 5 }, { truncateAfter: 5 }])('break a stream in the middle: %j', async (fault) => {
    await using engine = await startEngineServer({ speed: 20, faults: { ...NO_FAULTS, ...fault } })
    expect(await readTokens(await complete(engine, { max_tokens: 50, stream: true }))).toEqual({
      tokens: 5,
      error: true,
    })
    await expect(complete(engine, { max_tokens: 50 })).rejects.toThrow('fetch failed')
    await until(async () => (await metric(engine, 'num_requests_running')) === 0, 100)
  })

  test('silence a stream, which stays open', async () => {
    await using engine = await startEngineServer({ speed: 20, faults: { ...NO_FAULTS, stallAfter: 4 } })
    const controller = new AbortController()
    const response = await complete(engine, { max_tokens: 10, stream: true }, { signal: controller.signal })
    const read = readTokens(response)
    const outcome = await Promise.race([read, new Promise((resolve) => setTimeout(() => resolve('silent'), 150))])
    expect(outcome).toBe('silent')
    controller.abort()
    expect(await read).toEqual({ tokens: 4, error: true })
  })

  test('are set and cleared while the engine runs', async () => {
    await using engine = await startEngineServer({ speed: 50 })
    const set = async (faults: object): Promise<Response> =>
      fetch(`${engine.url}/faults`, { method: 'POST', body: JSON.stringify(faults) })
    expect(await (await set({ errorRate: 1, errorStatus: 502 })).json()).toMatchObject({ errorRate: 1, slow: 1 })
    expect((await complete(engine, { max_tokens: 1 })).status).toBe(502)
    await set({ errorRate: 0, reject429: 1 })
    expect((await complete(engine, { max_tokens: 1 })).status).toBe(429)
    await set({ unhealthy: true })
    expect((await fetch(`${engine.url}/health`)).status).toBe(503)
    expect((await set({ errorRate: 2 })).status).toBe(400)
    expect((await set({ wrong: 2 })).status).toBe(400)
    expect(await (await fetch(`${engine.url}/faults`, { method: 'DELETE' })).json()).toEqual(NO_FAULTS)
    expect((await complete(engine, { max_tokens: 1 })).status).toBe(200)
    expect((await fetch(`${engine.url}/health`)).status).toBe(200)
  })

  test('make an engine slow', async () => {
    await using engine = await startEngineServer({ speed: 10, faults: { ...NO_FAULTS, slow: 20 } })
    const began = performance.now()
    await (await complete(engine, { max_tokens: 5 })).text()
    expect(performance.now() - began).toBeGreaterThan((5 * 15.1 * 20) / 10 - 1)
  })

  test('hit the share of requests they should', async () => {
    await using engine = await startEngineServer({ speed: 1000, faults: { ...NO_FAULTS, errorRate: 0.3 } })
    let failed = 0
    for (let count = 0; count < 200; count++) {
      const response = await complete(engine, { max_tokens: 1 })
      await response.text()
      if (response.status === 500) failed++
    }
    expect(failed).toBeGreaterThan(35)
    expect(failed).toBeLessThan(85)
  })
})

test('the metrics page has what a router reads', async () => {
  await using engine = await startEngineServer({ speed: 50, model: 'a "model"' })
  await (await complete(engine, { max_tokens: 5 })).text()
  await (await complete(engine, { max_tokens: 5 })).text()
  const response = await fetch(`${engine.url}/metrics`)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
  const page = await response.text()
  expect(page).toContain('vllm:num_requests_waiting{engine="0",model_name="a \\"model\\""} 0\n')
  expect(page).toMatch(/vllm:cache_config_info\{block_size="16",[^}]*num_gpu_blocks="17937"\} 1\n/)
  const value = (name: string): number => Number(new RegExp(`^vllm:${name}\\{[^\\n]*\\} (\\S+)$`, 'm').exec(page)?.[1])
  expect(value('prompt_tokens_total')).toBe(30)
  expect(value('generation_tokens_total')).toBe(10)
  expect(value('prefix_cache_queries_total')).toBe(30)
  expect(value('time_to_first_token_seconds_count')).toBe(2)
  expect(value('inter_token_latency_seconds_count')).toBe(8)
  expect(value('e2e_request_latency_seconds_count')).toBe(2)
  expect(value('request_queue_time_seconds_count')).toBe(2)
  for (const line of page.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) vllm:\w+ .+|vllm:\w+\{(\w+="(\\.|[^"\\])*",?)+\} \S+)$/)
  }
})
