import { describe, expect, it } from 'vitest'
import { fakeEngine } from './testing/fake-engine.ts'
import { runRouter } from './testing/router-fixture.ts'
import { simulatedFleet } from './testing/simulated-fleet.ts'

const MODEL = 'simulated'

async function postJson(url: string, body: object): Promise<{ status: number; answer: unknown; headers: Headers }> {
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  return { status: response.status, answer: await response.json(), headers: response.headers }
}

describe('routes beside chat', () => {
  it('reach an engine and come back: rerank, score, tokenize, detokenize', async () => {
    await using fleet = await simulatedFleet(2)
    const { gateway } = fleet.router
    const rerank = await postJson(`${gateway}/v1/rerank`, { model: MODEL, query: 'why', documents: ['because', 'so'] })
    expect([rerank.status, rerank.headers.get('x-kvasir-endpoint')]).toEqual([200, expect.stringMatching(/^engine-/)])
    expect(rerank.answer).toMatchObject({ results: [{}, {}] })
    const score = await postJson(`${gateway}/v1/score`, { model: MODEL, text_1: 'a', text_2: ['b', 'c'] })
    expect(score.answer).toMatchObject({ data: [{}, {}] })
    const tokenized = await postJson(`${gateway}/tokenize`, { model: MODEL, prompt: 'to be or not to be' })
    expect(tokenized.answer).toMatchObject({ tokens: expect.any(Array), count: expect.any(Number) })
    const { tokens } = Object(tokenized.answer)
    const text = await postJson(`${gateway}/detokenize`, { model: MODEL, tokens })
    expect(text.answer).toMatchObject({ prompt: expect.stringContaining('to be or not to be') })
  })

  it('may leave the model out where it does not matter', async () => {
    await using fleet = await simulatedFleet(1)
    expect((await postJson(`${fleet.router.gateway}/tokenize`, { prompt: 'x' })).status).toBe(200)
  })

  it('pass through any other path under /v1, with its method, query and body', async () => {
    await using engine = await fakeEngine((response, { method, url, body }) =>
      response.end(`${method} ${url} ${body.toString()}`),
    )
    await using router = await runRouter({ endpoints: [engine.url] })
    const posted = await fetch(`${router.gateway}/v1/audio/transcriptions?x=1`, { method: 'POST', body: 'not json' })
    expect(await posted.text()).toBe('POST /v1/audio/transcriptions?x=1 not json')
    const deleted = await fetch(`${router.gateway}/v1/files/7`, { method: 'DELETE' })
    expect(await deleted.text()).toBe('DELETE /v1/files/7 ')
    const head = await fetch(`${router.gateway}/v1/files/7`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('spread one hot system prompt over idle endpoints, and keep each chat where it is', async () => {
    await using fleet = await simulatedFleet(4, { speed: 1 })
    const system = 'You are a careful assistant with many rules. '.repeat(400)
    const ask = (messages: object[]) =>
      postJson(`${fleet.router.gateway}/v1/chat/completions`, { model: MODEL, max_tokens: 2, messages })
    const openings = Array.from({ length: 8 }, (_, chat) => [
      { role: 'system', content: system },
      { role: 'user', content: `Chat ${chat}: ${'my long first question. '.repeat(20)}` },
    ])
    const first = await Promise.all(openings.map(ask))
    const endpointOf = ({ headers }: { headers: Headers }) => headers.get('x-kvasir-endpoint')
    expect(new Set(first.map(endpointOf)).size).toBe(4)
    for (const [chat, messages] of openings.entries()) {
      const answer = Object(first[chat]?.answer).choices[0].message
      const next = await ask([...messages, answer, { role: 'user', content: 'and then?' }])
      expect(endpointOf(next)).toBe(endpointOf(first[chat] ?? next))
    }
  })
})
