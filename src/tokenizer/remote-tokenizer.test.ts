import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createRemoteTokenizer, type RemoteOptions } from './remote-tokenizer.ts'
import { jsonServer } from './testing/json-server.ts'

const BODY = '{"model":"m","messages":[{"role":"user","content":"Hi"}],"temperature":1.0}'

describe("an engine's own tokens", () => {
  it('vLLM: from the render route, with the body as it is; texts from tokenize', async () => {
    await using server = await jsonServer((path) => [
      200,
      path === '/tokenize' ? { tokens: [1, 2], count: 2 } : { token_ids: [7, 8, 9] },
    ])
    const remote = createRemoteTokenizer({
      engine: 'vllm',
      url: server.url,
      model: 'm',
      headers: { authorization: 'Bearer k' },
    })
    expect([...(await remote.chat(BODY))]).toEqual([7, 8, 9])
    expect([...(await remote.text('Hi', { addSpecialTokens: true }))]).toEqual([1, 2])
    expect(server.received).toMatchObject([
      { path: '/v1/chat/completions/render', body: JSON.parse(BODY), headers: { authorization: 'Bearer k' } },
      { path: '/tokenize', body: { model: 'm', prompt: 'Hi', add_special_tokens: true } },
    ])
  })

  it('vLLM: from tokenize where the render route is too new, which is tried once', async () => {
    await using server = await jsonServer((path) =>
      path === '/tokenize' ? [200, { tokens: [1] }] : [404, { detail: 'Not Found' }],
    )
    const remote = createRemoteTokenizer({ engine: 'vllm', url: server.url })
    await remote.chat(BODY)
    await remote.chat(BODY.replace('Hi', 'Ho'))
    expect(server.received.map(({ path }) => path)).toEqual(['/v1/chat/completions/render', '/tokenize', '/tokenize'])
  })

  it('SGLang: chats are rendered here, and cannot be asked for otherwise', async () => {
    await using server = await jsonServer(() => [200, { tokens: [3] }])
    const options: RemoteOptions = { engine: 'sglang', url: server.url, model: 'm' }
    await createRemoteTokenizer({ ...options, render: () => 'rendered' }).chat(BODY)
    expect(server.received).toMatchObject([
      { path: '/tokenize', body: { model: 'm', prompt: 'rendered', add_special_tokens: false } },
    ])
    await expect(createRemoteTokenizer(options).chat(BODY)).rejects.toThrow(
      'expected a chat template to render them with, found none',
    )
  })

  it('vLLM: a model that it does not serve is no route that it does not have; images are told', async () => {
    const features = { mm_hashes: { image: ['ab'] }, mm_placeholders: { image: [{ offset: 1, length: 2 }] } }
    await using server = await jsonServer((_path, { model }) =>
      model === 'x'
        ? [404, { error: { message: 'The model `x` does not exist.' } }]
        : [200, { token_ids: [1, 9, 9], features: model === 'seeing' ? features : { mm_hashes: {} } }],
    )
    const remote = createRemoteTokenizer({ engine: 'vllm', url: server.url })
    await expect(remote.chat('{"model":"x"}')).rejects.toMatchObject({ fault: 'remote' })
    expect(await remote.chat('{"model":"m"}')).toHaveLength(3)
    await expect(remote.chat('{"model":"seeing"}')).rejects.toMatchObject({ fault: 'inexact' })
    expect(new Set(server.received.map(({ path }) => path))).toEqual(new Set(['/v1/chat/completions/render']))
  })

  it('SGLang: from the route that it has', async () => {
    await using server = await jsonServer((path) =>
      path === '/v1/tokenize' ? [200, { tokens: [1] }] : [404, { detail: 'Not Found' }],
    )
    const remote = createRemoteTokenizer({ engine: 'sglang', url: server.url, model: 'm' })
    await remote.text('a')
    await remote.text('b')
    expect(server.received.map(({ path }) => path)).toEqual(['/tokenize', '/v1/tokenize', '/v1/tokenize'])
  })

  it('llama.cpp: the template is applied and tokenized there', async () => {
    await using server = await jsonServer((path) => [
      200,
      path === '/tokenize' ? { tokens: [5] } : { prompt: 'rendered' },
    ])
    await createRemoteTokenizer({ engine: 'llama.cpp', url: server.url }).chat(BODY)
    expect(server.received).toMatchObject([
      { path: '/apply-template', body: JSON.parse(BODY) },
      { path: '/tokenize', body: { content: 'rendered', add_special: true, parse_special: true } },
    ])
  })

  it('are remembered, and asked for once however many wait for them', async () => {
    await using server = await jsonServer(() => [200, { tokens: [5] }])
    const remote = createRemoteTokenizer({ engine: 'vllm', url: server.url })
    expect(await Promise.all([remote.text('one'), remote.text('one')])).toEqual([Uint32Array.of(5), Uint32Array.of(5)])
    expect(await remote.text('one')).toEqual(Uint32Array.of(5))
    expect(server.received).toHaveLength(1)
  })

  it('are asked for so many at once; what does not fit behind them is refused', async () => {
    let atOnce = 0
    let most = 0
    await using server = await jsonServer(async () => {
      most = Math.max(most, ++atOnce)
      await sleep(20)
      atOnce--
      return [200, { tokens: [5] }]
    })
    const remote = createRemoteTokenizer({ engine: 'vllm', url: server.url, concurrency: 2, queue: 3 })
    const asked = ['a', 'b', 'c', 'd', 'e'].map((text) => remote.text(text))
    await expect(remote.text('g')).rejects.toMatchObject({ fault: 'busy' })
    await Promise.all(asked)
    expect(most).toBe(2)
  })

  it.each([
    {
      name: 'a status',
      answer: [500, { error: 'out of order' }] as const,
      message: /\/tokenize: expected tokens, found status 500: .*out of order/,
    },
    {
      name: 'a refusal',
      answer: [400, { error: 'roles must alternate' }] as const,
      message: /found status 400: .*roles must alternate/,
      fault: 'inexact',
    },
    {
      name: 'another shape',
      answer: [200, { tokens: ['x'] }] as const,
      message: /found another answer: expected an array of token ids/,
    },
    { name: 'no JSON', answer: [200, '<html>'] as const, message: /found another answer/ },
    {
      name: 'no such route',
      answer: [404, {}] as const,
      message: /found status 404: this engine does not serve the route/,
    },
  ])('that do not come are a clear error: $name', async ({ answer, message, fault = 'remote' }) => {
    await using server = await jsonServer(() => answer)
    const remote = createRemoteTokenizer({ engine: 'llama.cpp', url: server.url })
    await expect(remote.text('x')).rejects.toThrow(message)
    await expect(remote.text('x')).rejects.toMatchObject({ fault })
  })

  it('have a time limit, and end with the signal', async () => {
    await using server = await jsonServer(async () => {
      await sleep(500)
      return [200, { tokens: [1] }]
    })
    const remote = createRemoteTokenizer({ engine: 'llama.cpp', url: server.url, timeoutMs: 40 })
    await expect(remote.text('x')).rejects.toThrow('found no answer within 40 ms')
    await expect(remote.text('y', { signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
