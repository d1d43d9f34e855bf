import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fakeEngine, type FakeHandler } from '../../test/testing/fake-engine.ts'
import { MAY_BE_LATE } from '../../test/testing/may-be-late.ts'
import { CHAT, chatBody, post, said, sse } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

const usage = { prompt_tokens: 40, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 12 } }
const LAST = sse({ id: 'c', object: 'chat.completion.chunk', choices: [], usage }) + sse('[DONE]')
const PIECES = [': ping\n\n', said('one '), said('two'), said('', { finish_reason: 'stop' }), LAST]

function llama(pieces: readonly string[], gap = 2): FakeHandler {
  return async (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Server: 'llama.cpp' })
    for (const piece of pieces) {
      response.write(piece)
      await sleep(gap)
    }
    response.end()
  }
}

describe('a plain answer of llama.cpp', () => {
  it('is asked for as a stream, and put together', async () => {
    await using engine = await fakeEngine(llama(PIECES))
    await using rig = await gatewayRig([{ url: engine.url, engine: 'llama-cpp' }])
    const answer = await post(rig.url + CHAT, chatBody({ stream: false, stream_options: null }))
    expect(await answer.json()).toEqual({
      id: 'c',
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'one two' } }],
      usage,
    })
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': expect.stringMatching(/^\d+$/),
      server: 'llama.cpp',
      'x-kvasir-endpoint': 'e0',
    })
    expect(answer.headers.get('x-accel-buffering')).toBeNull()
    expect(engine.requests[0]?.body.toString()).toBe(
      chatBody({ stream: true, stream_options: { include_usage: true } }),
    )
    const [record] = rig.records
    expect(record).toMatchObject({
      streamed: false,
      outcome: { kind: 'finished', outputTokens: 2, usage: { promptTokens: 40, cachedTokens: 12 } },
    })
    // The engine's first token is seen; the client's is the whole answer.
    expect(record?.outcome?.ttft).toBeLessThan(record?.outcome?.e2e ?? 0)
    expect(record?.ttft).toBeGreaterThan(record?.outcome?.ttft ?? Infinity)
  })

  it.each([
    ['streams', chatBody({ stream: true })],
    ['have several choices', chatBody({ n: 2 })],
  ])('stays what it is for requests that %s', async (_what, body) => {
    await using engine = await fakeEngine(llama(PIECES))
    await using rig = await gatewayRig([{ url: engine.url, engine: 'llama-cpp' }])
    expect(await (await post(rig.url + CHAT, body)).text()).toBe(PIECES.join(''))
    expect(engine.requests[0]?.body.toString()).toBe(body)
  })

  it('that is refused before the stream is relayed as the engine wrote it', async () => {
    const refusal = '{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'
    await using engine = await fakeEngine((response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end(refusal),
    )
    await using rig = await gatewayRig([{ url: engine.url, engine: 'llama-cpp' }])
    const answer = await post(rig.url + CHAT, chatBody())
    expect([answer.status, await answer.text()]).toEqual([400, refusal])
  })

  const error = (code: number): string => sse({ error: { code, message: 'no', type: 'server_error' } })

  it.each([
    ['reports an error in mid-answer', [said('one'), error(500)], ['server-error']],
    ['is full', [error(503)], ['refused']],
    ['ends without an end', [said('one')], ['reset']],
  ])('moves to another endpoint when the first %s', async (_what, pieces, retries) => {
    await using broken = await fakeEngine(llama(pieces))
    await using other = await fakeEngine(llama(PIECES))
    const endpoints = [broken, other].map(({ url }) => ({ url, engine: 'llama-cpp' as const }))
    await using rig = await gatewayRig(endpoints)
    const answer = await post(rig.url + CHAT, chatBody())
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'one two' } }] })
    expect(answer.headers.get('x-kvasir-endpoint')).toBe('e1')
    expect([rig.retries, rig.inFlight()]).toEqual([retries, [0, 0]])
  })

  it('is the error, with its status, where nobody else can answer', async () => {
    await using engine = await fakeEngine(llama([said('one'), error(500), sse('[DONE]')]))
    await using rig = await gatewayRig([{ url: engine.url, engine: 'llama-cpp' }])
    const answer = await post(rig.url + CHAT, chatBody())
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { error: { code: 500, message: 'no', type: 'server_error' } },
    ])
    expect(rig.faults).toEqual(['e0 server-error'])
    engine.handle = llama([said('one')])
    expect((await post(rig.url + CHAT, chatBody())).status).toBe(502)
    expect(rig.inFlight()).toEqual([0])
  })

  it('ends with its client', MAY_BE_LATE, async () => {
    const closed = Promise.withResolvers<number>()
    const arrived = Promise.withResolvers<void>()
    await using engine = await fakeEngine((response, _request, message) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(said('one'))
      message.socket.once('close', () => closed.resolve(performance.now()))
      arrived.resolve()
    })
    await using rig = await gatewayRig([{ url: engine.url, engine: 'llama-cpp' }])
    const controller = new AbortController()
    const answer = post(rig.url + CHAT, chatBody(), { signal: controller.signal })
    answer.catch(() => undefined)
    await arrived.promise
    await sleep(20)
    const left = performance.now()
    controller.abort()
    expect((await closed.promise) - left).toBeLessThan(100)
    expect(rig.records).toMatchObject([{ status: 499, outcome: { kind: 'aborted' } }])
  })
})
