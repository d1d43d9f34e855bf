import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { fakeEngine, type FakeHandler } from '../../test/testing/fake-engine.ts'
import { MAY_BE_LATE } from '../../test/testing/may-be-late.ts'
import { CHAT, chatBody, END, post, said, sse } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

const ROLE = sse({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] })
const failure = (code: number): string => sse({ error: { message: 'no', type: 'X', code } })

/** Streams these pieces, `gap` ms apart. */
function streams(pieces: readonly string[], gap = 5): FakeHandler {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    for (const piece of pieces) {
      await sleep(gap)
      response.write(piece)
    }
    response.end()
  }
}

const good = streams([said('fine') + END])

describe('an error inside a stream', () => {
  it.each([
    ['at once', [failure(500) + sse('[DONE]')], 'server-error', ['e0 server-error']],
    ['behind a comment and the role', [': ping\n\n', ROLE, failure(500)], 'server-error', ['e0 server-error']],
    ['that speaks of load', [': ping\n\n', failure(503), sse('[DONE]')], 'refused', ['e0 refused']],
    ['that comes byte by byte', Array.from(failure(500)), 'server-error', ['e0 server-error']],
  ])('before the first token moves the request on: %s', async (_name, pieces, reason, faults) => {
    await using broken = await fakeEngine(streams(pieces, 1))
    await using other = await fakeEngine(good)
    await using rig = await gatewayRig([{ url: broken.url }, { url: other.url }])
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect([answer.status, answer.headers.get('x-kvasir-endpoint')]).toEqual([200, 'e1'])
    expect(await answer.text()).toBe(said('fine') + END)
    expect([rig.retries, rig.faults, rig.inFlight()]).toEqual([[reason], faults, [0, 0]])
    expect(rig.records).toMatchObject([{ attempts: 2, status: 200, outcome: { kind: 'finished' } }])
  })

  it('that the client caused is its answer', async () => {
    await using strict = await fakeEngine(streams([ROLE, failure(400) + sse('[DONE]')]))
    await using other = await fakeEngine(good)
    await using rig = await gatewayRig([{ url: strict.url }, { url: other.url }])
    expect(await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()).toBe(
      ROLE + failure(400) + sse('[DONE]'),
    )
    expect([other.requests.length, rig.faults]).toEqual([0, []])
    expect(rig.records[0]).toMatchObject({ outcome: { kind: 'failed' } })
  })

  it('behind the first token is relayed, and counts against the endpoint', async () => {
    await using broken = await fakeEngine(streams([said('a'), failure(500) + sse('[DONE]')]))
    await using other = await fakeEngine(good)
    await using rig = await gatewayRig([{ url: broken.url }, { url: other.url }])
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect(await answer.text()).toBe(said('a') + failure(500) + sse('[DONE]'))
    expect([other.requests.length, rig.faults]).toEqual([0, ['e0 server-error']])
    expect(rig.records[0]).toMatchObject({ outcome: { kind: 'failed' } })
  })

  it('is relayed where there is no other endpoint', async () => {
    await using broken = await fakeEngine(streams([failure(503)]))
    await using rig = await gatewayRig([{ url: broken.url }])
    expect(await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()).toBe(failure(503))
    expect(rig.faults).toEqual([])
    expect(rig.records[0]).toMatchObject({ outcome: { kind: 'refused' } })
  })

  it('is the answer of the last when all report one', async () => {
    await using a = await fakeEngine(streams([failure(500)]))
    await using b = await fakeEngine(streams([ROLE, failure(502)]))
    await using rig = await gatewayRig([{ url: a.url }, { url: b.url }])
    expect(await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()).toBe(ROLE + failure(502))
  })

  it('and a connection that breaks behind the role alone move the request on as well', async () => {
    await using broken = await fakeEngine(async (response, _request, message) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(ROLE)
      await sleep(20)
      message.socket.destroy()
    })
    await using other = await fakeEngine(good)
    await using rig = await gatewayRig([{ url: broken.url }, { url: other.url }])
    expect(await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()).toBe(said('fine') + END)
    expect(rig.faults).toEqual(['e0 reset'])
  })
})

describe('the head of a stream', () => {
  const slow = streams([': ping\n\n', said('a'), said('b') + END], 150)

  it('waits for the first token while another endpoint could answer', async () => {
    await using a = await fakeEngine(slow)
    await using b = await fakeEngine(slow)
    await using rig = await gatewayRig([{ url: a.url }, { url: b.url }])
    const start = performance.now()
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    const headAt = performance.now() - start
    expect(headAt).toBeGreaterThan(250)
    expect(headAt).toBeLessThan(420)
    expect(await answer.text()).toBe(`: ping\n\n${said('a')}${said('b')}${END}`)
    const { ttft = 0, e2e } = rig.records[0] ?? { e2e: 0 }
    expect(ttft).toBeGreaterThan(0.25)
    expect(e2e - ttft).toBeGreaterThan(0.1)
  })

  it.each([
    ['no longer than it may', 0.05, 2],
    ['not at all where it may not', 0, 2],
    ['not at all where nobody else could answer', 5, 1],
  ])('waits %s', MAY_BE_LATE, async (_name, holdHead, count) => {
    await using engine = await fakeEngine(slow)
    const endpoints = Array.from({ length: count }, () => ({ url: engine.url }))
    await using rig = await gatewayRig(endpoints, { holdHead })
    const start = performance.now()
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect(performance.now() - start).toBeLessThan(140)
    expect(await answer.text()).toBe(`: ping\n\n${said('a')}${said('b')}${END}`)
  })

  it('comes with the end of a stream that generated nothing', async () => {
    await using engine = await fakeEngine(streams([ROLE, END]))
    await using rig = await gatewayRig([{ url: engine.url }, { url: engine.url }])
    expect(await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()).toBe(ROLE + END)
    expect(rig.records[0]).toMatchObject({ outcome: { kind: 'finished' }, ttft: undefined })
  })

  it('does not wait when the bytes before the first token are many', MAY_BE_LATE, async () => {
    const prompt = sse({ choices: [], prompt_token_ids: Array.from({ length: 30_000 }, (_, i) => i) })
    await using engine = await fakeEngine(streams([prompt, said('a') + END], 150))
    await using rig = await gatewayRig([{ url: engine.url }, { url: engine.url }])
    const start = performance.now()
    const answer = await post(rig.url + CHAT, chatBody({ stream: true }))
    expect(performance.now() - start).toBeLessThan(280)
    expect(await answer.text()).toBe(prompt + said('a') + END)
  })

  it('is never seen by a client that leaves before it, and the engine is let go', async () => {
    const closed = Promise.withResolvers<void>()
    await using engine = await fakeEngine((response, _request, message) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(ROLE)
      message.socket.once('close', () => closed.resolve())
    })
    await using rig = await gatewayRig([{ url: engine.url }, { url: engine.url }])
    const controller = new AbortController()
    const answer = post(rig.url + CHAT, chatBody({ stream: true }), { signal: controller.signal })
    answer.catch(() => undefined)
    await sleep(60)
    controller.abort()
    await closed.promise
    expect(rig.records).toMatchObject([{ status: 499, outcome: { kind: 'aborted' } }])
    expect(rig.inFlight()).toEqual([0, 0])
  })
})
