import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startEngineServer } from './start-engine-server.ts'
import type { RunningEngine } from './start-engine-server.ts'

let engine: RunningEngine
let openai: OpenAI

beforeAll(async () => {
  engine = await startEngineServer({ model: 'simulated', speed: 50, maxModelLen: 4096 })
  openai = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: 'none', maxRetries: 0 })
})

afterAll(() => engine.close())

function post(path: string, body: unknown): Promise<Response> {
  return fetch(engine.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
}

/** The body of an answer as a schema expects it. */
async function read<T extends z.ZodType>(schema: T, response: Promise<Response>): Promise<z.infer<T>> {
  return schema.parse(await (await response).json())
}

const tokenized = z.object({ count: z.int(), max_model_len: z.int(), tokens: z.array(z.int()) })

describe('pooling', () => {
  test('embeddings are vectors of length 1 that follow from the input', async () => {
    const { data, usage } = await openai.embeddings.create({ model: 'simulated', input: ['one', 'two', 'one'] })
    const [one, two, again] = data.map(({ embedding }) => embedding)
    expect(one).toHaveLength(64)
    expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5)
    expect(again).toEqual(one)
    expect(two).not.toEqual(one)
    expect(usage.prompt_tokens).toBe(3)
    const floats = await openai.embeddings.create({ model: 'simulated', input: 'one', encoding_format: 'float' })
    expect(floats.data[0]?.embedding).toEqual(one)
  })

  test('rerank sorts the documents by their score', async () => {
    const schema = z.object({
      results: z.array(
        z.object({ index: z.int(), relevance_score: z.number(), document: z.object({ text: z.string() }) }),
      ),
    })
    const request = { query: 'q', documents: ['a', 'b', 'c'], top_n: 2 }
    const { results } = await read(schema, post('/v1/rerank', request))
    const [best, next] = results
    expect(results).toHaveLength(2)
    expect(best?.relevance_score).toBeGreaterThan(next?.relevance_score ?? 1)
    expect(best?.document.text).toBe(request.documents[best?.index ?? 3])
  })

  test('score compares one text with many', async () => {
    const answer: unknown = await (await post('/v1/score', { text_1: 'q', text_2: ['a', 'b'] })).json()
    const score = expect.any(Number)
    expect(answer).toMatchObject({
      data: [
        { index: 0, score },
        { index: 1, score },
      ],
    })
  })
})

describe('tokens', () => {
  test('tokenize and detokenize are each the other backwards', async () => {
    const prompt = 'Grüße, 世界!'
    const { tokens, max_model_len: most } = await read(tokenized, post('/tokenize', { prompt }))
    expect(most).toBe(4096)
    expect(await (await post('/detokenize', { tokens })).json()).toEqual({ prompt })
  })

  test('tokenize counts messages as chat does', async () => {
    const messages = [{ role: 'user' as const, content: 'How many?' }]
    const { count } = await read(tokenized, post('/tokenize', { messages }))
    const answer = await openai.chat.completions.create({ model: 'simulated', messages, max_tokens: 1 })
    expect(answer.usage?.prompt_tokens).toBe(count)
  })
})

describe('what is wrong', () => {
  test.each([
    ['/v1/chat/completions', '{"messages', 400, 'BadRequestError', /error parsing the body/],
    ['/v1/chat/completions', {}, 400, 'BadRequestError', /^messages: /],
    ['/v1/chat/completions', { messages: [] }, 400, 'BadRequestError', /^messages: /],
    ['/v1/completions', { prompt: 'x', max_tokens: 0 }, 400, 'BadRequestError', /^max_tokens: /],
    ['/v1/completions', { prompt: 'x', max_tokens: 5000 }, 400, 'BadRequestError', /maximum context length is 4096/],
    ['/v1/completions', { prompt: 'x', model: 'other' }, 404, 'NotFoundError', /The model `other` does not exist/],
  ])('%s with %j', async (path, body, status, type, message) => {
    const response = await post(path, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      error: { type, code: status, message: expect.stringMatching(message) },
    })
  })

  test('an unknown path', async () => {
    const response = await fetch(`${engine.url}/v2/nothing`)
    expect([response.status, await response.text()]).toEqual([404, '{"detail":"Not Found"}'])
  })
})

test('models, version and health answer', async () => {
  const { data } = await openai.models.list()
  expect(data).toMatchObject([{ id: 'simulated', max_model_len: 4096 }])
  expect(await (await fetch(`${engine.url}/version`)).json()).toEqual({ version: expect.any(String) })
  expect((await fetch(`${engine.url}/health`)).status).toBe(200)
  expect((await fetch(`${engine.url}/ping`)).status).toBe(200)
})

test('the id of an answer is the one the caller gave', async () => {
  const body = JSON.stringify({ prompt: 'x', max_tokens: 1 })
  const headers = { 'x-request-id': 'mine-1' }
  const response = await fetch(`${engine.url}/v1/completions`, { method: 'POST', headers, body })
  expect(await response.json()).toMatchObject({ id: 'cmpl-mine-1' })
})
