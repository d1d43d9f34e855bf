import { describe, expect, test } from 'vitest'
import { readStreamEvent } from '../protocol/stream-event.ts'
import { NO_FAULTS } from './faults.ts'
import type { Flavor } from './flavor.ts'
import { startEngineServer } from './start-engine-server.ts'
import { getJson, post } from './testing/client.ts'

const DONE = 'data: [DONE]\n\n'
const message = 'The answer failed (a fault that was switched on).'
const failure = { message, type: 'InternalServerError', param: null, code: 500 }

describe('a stream that fails', () => {
  test.each<[Flavor, object, string]>([
    ['vllm', { error: failure }, DONE],
    ['sglang', { error: { object: 'error', ...failure } }, DONE],
    ['llama.cpp', { error: { code: 500, message, type: 'server_error' } }, ''],
    ['tensorrt-llm', { error: failure }, DONE],
  ])('of %s carries the error as that engine writes it', async (flavor, payload, end) => {
    await using engine = await startEngineServer({ flavor, speed: 50, faults: { ...NO_FAULTS, errorAfter: 0 } })
    const body = { messages: [{ role: 'user', content: 'x' }], prompt: 'x', max_tokens: 5, stream: true }
    for (const path of ['/v1/chat/completions', '/v1/completions']) {
      const response = await post(engine, path, body)
      const [text, , ...rest] = (await response.text()).split('\n\n')
      expect(response.status).toBe(200)
      expect(JSON.parse(text?.slice('data: '.length) ?? '')).toEqual(payload)
      expect(rest.join('\n\n')).toBe('')
      await post(engine, '/faults', { errorAfter: 2 })
      const later = await (await post(engine, path, body)).text()
      expect(later.match(/"(?:text|content)":"[^"]+"/g)).toHaveLength(2)
      expect(later.endsWith(`data: ${text?.slice('data: '.length)}\n\n${end}`)).toBe(true)
      await post(engine, '/faults', { errorAfter: 0 })
    }
    expect(await getJson(engine, '/_kvasir/status')).toMatchObject({ ranks: [{ running: 0, waiting: 0 }] })
  })

  test('under Anthropic and Responses is read as an error too', async () => {
    await using engine = await startEngineServer({ speed: 50, faults: { ...NO_FAULTS, errorAfter: 0 } })
    const body = { messages: [{ role: 'user', content: 'x' }], input: 'x', max_tokens: 5, stream: true }
    for (const path of ['/v1/messages', '/v1/responses']) {
      const [first = ''] = (await (await post(engine, path, body)).text()).split('\n\n')
      expect(readStreamEvent(first).error).toMatchObject({ message })
    }
  })

  test('not streamed has the status of the error', async () => {
    const faults = { ...NO_FAULTS, errorAfter: 3, errorStatus: 503 }
    await using engine = await startEngineServer({ speed: 50, faults })
    const failed = await post(engine, '/v1/completions', { prompt: 'x', max_tokens: 500 })
    expect([failed.status, await failed.json()]).toEqual([503, { error: expect.objectContaining({ code: 503 }) }])
    expect((await post(engine, '/v1/completions', { prompt: 'x', max_tokens: 2 })).status).toBe(200)
    expect(await (await fetch(`${engine.url}/metrics`)).text()).toContain('finished_reason="error"} 1\n')
  })
})

test.each([
  ['vllm', ': ping\n\n'],
  ['llama.cpp', ':\n\n'],
] as const)('a stream of %s may begin with a comment', async (flavor, comment) => {
  await using engine = await startEngineServer({ flavor, speed: 50, faults: { ...NO_FAULTS, commentFirst: true } })
  const text = await (await post(engine, '/v1/completions', { prompt: 'x', max_tokens: 2, stream: true })).text()
  expect(text.startsWith(`${comment}data: {`)).toBe(true)
  expect(text.endsWith(DONE)).toBe(true)
})
