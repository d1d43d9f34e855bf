import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../test/testing/eventually.ts'
import { type FakeEngine, fakeEngine } from '../../test/testing/fake-engine.ts'
import { CHAT, chatBody, END, post, said } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

/** An engine that never finishes an answer, and takes orders to stop one. */
function sglang(): Promise<FakeEngine> {
  return fakeEngine((response, { url, body }) => {
    if (url === '/abort_request') return void response.end()
    if (JSON.parse(body.toString()).stream === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(said('a'))
    }
  })
}

describe('SGLang', () => {
  it.each([true, false])('is told to stop when the client leaves (stream: %s)', async (stream) => {
    await using engine = await sglang()
    await using rig = await gatewayRig([{ url: engine.url, engine: 'sglang' }])
    const controller = new AbortController()
    const headers = { authorization: 'Bearer key' }
    const answer = post(rig.url + CHAT, chatBody({ stream }), { signal: controller.signal, headers })
    answer.catch(() => undefined)
    await eventually('the request', () => engine.requests.length === 1)
    await sleep(20)
    const left = performance.now()
    controller.abort()
    await eventually('the order', () => engine.requests.length === 2)
    expect(performance.now() - left).toBeLessThan(100)
    const [asked, order] = engine.requests
    const { rid } = JSON.parse(asked?.body.toString() ?? '')
    expect(rid).toMatch(/^[0-9a-f]{32}$/)
    expect(asked?.body.toString()).toBe(`{"rid":"${rid}",${chatBody({ stream }).slice(1)}`)
    expect(order).toMatchObject({ method: 'POST', url: '/abort_request', headers })
    expect(JSON.parse(order?.body.toString() ?? '')).toEqual({ rid })
  })

  it('is not told to stop what has ended, nor what the client or several answers name', async () => {
    await using engine = await sglang()
    await using rig = await gatewayRig([{ url: engine.url, engine: 'sglang' }])
    for (const more of [{ rid: 'mine' }, { n: 2 }]) {
      const signal = AbortSignal.timeout(60)
      await post(rig.url + CHAT, chatBody(more), { signal }).catch(() => undefined)
      expect(engine.requests.at(-1)?.body.toString()).toBe(chatBody(more))
    }
    engine.handle = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(said('a') + END)
    await (await post(rig.url + CHAT, chatBody({ stream: true }))).text()
    await sleep(50)
    expect(engine.requests.map(({ url }) => url)).toEqual([CHAT, CHAT, CHAT])
  })

  it('names each request anew, also when it moves on', async () => {
    const broken = await fakeEngine((_response, _request, message) => message.socket.destroy())
    await using first = broken
    await using second = await fakeEngine()
    const endpoints = [first, second].map(({ url }) => ({ url, engine: 'sglang' as const }))
    await using rig = await gatewayRig(endpoints)
    expect((await post(rig.url + CHAT, chatBody())).status).toBe(200)
    const rids = [first, second].map(({ requests }) => JSON.parse(requests[0]?.body.toString() ?? '').rid)
    expect(new Set(rids).size).toBe(2)
  })
})
