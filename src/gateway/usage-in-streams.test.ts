import { describe, expect, it } from 'vitest'
import { fakeEngine } from '../../test/testing/fake-engine.ts'
import { MAY_BE_LATE } from '../../test/testing/may-be-late.ts'
import { CHAT, chatBody, END, post, said, sse } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

const USAGE = { prompt_tokens: 40, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 12 } }
const USAGE_EVENT = sse({ id: 'c', object: 'chat.completion.chunk', choices: [], usage: USAGE })

/** An engine that streams three tokens in pieces of `piece` bytes, and usage where it was asked for. */
function streamingEngine(piece = 1 << 20, nulls = false) {
  return fakeEngine((response, { body }) => {
    const { stream_options: options } = JSON.parse(body.toString())
    const asked = options?.include_usage === true
    const one = (text: string) => (asked && nulls ? said(text).replace(/\}\n\n$/, ',"usage":null}\n\n') : said(text))
    const text = one('a') + one('b "usage"') + one('c') + (asked ? USAGE_EVENT : '') + sse('[DONE]')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const bytes = Buffer.from(text)
    let at = 0
    const next = (): void => {
      if (at >= bytes.length) return void response.end()
      response.write(bytes.subarray(at, (at += piece)))
      setImmediate(next)
    }
    next()
  })
}

describe('usage in streams', () => {
  it.each([1, 7, 100_000])('is asked for and kept from the client, in pieces of %i bytes', async (piece) => {
    await using engine = await streamingEngine(piece)
    await using rig = await gatewayRig([{ url: engine.url, engine: 'vllm' }], { askUsage: 'known' })
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect(await answer.text()).toBe(said('a') + said('b "usage"') + said('c') + sse('[DONE]'))
    expect(engine.requests[0]?.body.toString()).toBe(
      `{"stream_options":{"include_usage":true},${chatBody({ stream: true }).slice(1)}`,
    )
    expect(engine.requests[0]?.headers['content-length']).toBe(String(engine.requests[0]?.body.length))
    expect(rig.records[0]).toMatchObject({
      outcome: { kind: 'finished', outputTokens: 3, usage: { promptTokens: 40, cachedTokens: 12 } },
      reuse: { predictedTokens: 0, reportedTokens: 12 },
    })
  })

  it('reaches the client that asks, in the very bytes of the engine', async () => {
    await using engine = await streamingEngine()
    await using rig = await gatewayRig([{ url: engine.url, engine: 'vllm' }], { askUsage: 'known' })
    const body = chatBody({ stream: true, stream_options: { include_usage: true } })
    expect(await (await post(rig.url + CHAT, body)).text()).toContain(USAGE_EVENT)
    expect(engine.requests[0]?.body.toString()).toBe(body)
  })

  it('is asked for at completions too, and with an alias in the same body', async () => {
    await using engine = await streamingEngine()
    await using rig = await gatewayRig([{ url: engine.url, engine: 'sglang' }], { askUsage: 'known' })
    const body = '{"prompt":"x","stream_options": {"include_usage": false} ,"model":"alias","stream":true}'
    expect(await (await post(`${rig.url}/v1/completions`, body)).text()).not.toContain('"usage":{')
    const sent = engine.requests[0]?.body.toString() ?? ''
    expect(sent.replace(/"rid":"[0-9a-f]{32}",/, '')).toBe(body.replace('false', 'true').replace('alias', 'm'))
  })

  it('leaves no `usage: null` where asking brought it', async () => {
    await using engine = await streamingEngine(5, true)
    await using rig = await gatewayRig([{ url: engine.url }], { askUsage: 'all' })
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect(await answer.text()).toBe(said('a') + said('b "usage"') + said('c') + sse('[DONE]'))
  })

  it.each([
    ['nobody allows it', { engine: 'vllm' as const }, { stream: true }, 'none' as const],
    ['the engine is not known', {}, { stream: true }, 'known' as const],
    ['the engine is any server of the protocol', { engine: 'openai' as const }, { stream: true }, 'known' as const],
    ['the engine says it anyway', { engine: 'llama-cpp' as const }, { stream: true }, 'all' as const],
    ['the answer is plain', { engine: 'vllm' as const }, { stream: false }, 'all' as const],
    [
      'the client would find it in every event',
      { engine: 'vllm' as const },
      { stream: true, stream_options: { continuous_usage_stats: true } },
      'all' as const,
    ],
  ])('is not asked for where %s', async (_why, endpoint, more, askUsage) => {
    await using engine = await fakeEngine((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(said('a') + END)
    })
    await using rig = await gatewayRig([{ url: engine.url, ...endpoint }], { askUsage })
    expect(await (await post(rig.url + CHAT, chatBody(more))).text()).toBe(said('a') + END)
    expect(engine.requests[0]?.body.toString()).toBe(chatBody(more))
  })

  it('is asked for again where another endpoint takes over, each in its own tongue', async () => {
    await using broken = await fakeEngine((_response, _request, message) => message.socket.destroy())
    await using other = await streamingEngine()
    const endpoints = [
      { url: broken.url, engine: 'sglang' as const },
      { url: other.url, engine: 'vllm' as const },
    ]
    await using rig = await gatewayRig(endpoints, { askUsage: 'known' })
    expect(await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()).not.toContain('usage":{')
    expect(JSON.parse(broken.requests[0]?.body.toString() ?? '')).toMatchObject({ rid: expect.any(String) })
    expect(JSON.parse(other.requests[0]?.body.toString() ?? '')).toEqual({
      ...JSON.parse(chatBody({ stream: true })),
      stream_options: { include_usage: true },
    })
  })

  it('relays each event when it comes', MAY_BE_LATE, async () => {
    await using engine = await fakeEngine((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(said('a'))
      setTimeout(() => response.end(said('b') + USAGE_EVENT + sse('[DONE]')), 200)
    })
    await using rig = await gatewayRig([{ url: engine.url, engine: 'vllm' }], { askUsage: 'known' })
    const start = performance.now()
    const reader = (await post(rig.url + CHAT, chatBody({ stream: true }))).body?.getReader()
    const first = await reader?.read()
    expect(performance.now() - start).toBeLessThan(150)
    expect(Buffer.from(first?.value ?? []).toString()).toBe(said('a'))
  })

  it('relays an error answer as it is', async () => {
    await using engine = await fakeEngine((response) => {
      response
        .writeHead(400, { 'content-type': 'application/json', 'content-length': '20' })
        .end('{"error":{"usage":1}}'.slice(0, 20))
    })
    await using rig = await gatewayRig([{ url: engine.url, engine: 'vllm' }], { askUsage: 'known' })
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect([answer.status, await answer.text()]).toEqual([400, '{"error":{"usage":1}'])
  })
})
