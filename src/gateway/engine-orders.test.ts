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

/**
 * How many requests, one after the other, an endpoint answers until something has happened. This is how time is measured
 * here: a busy machine slows both alike, and nothing that is waited for, such as a timer, has place within a few. On an
 * idle machine one takes some half a millisecond.
 */
async function roundTripsUntil(happened: () => boolean, { url }: FakeEngine): Promise<number> {
  for (let trips = 0; ; trips++) {
    if (happened() || trips === 10_000) return trips
    await (await fetch(`${url}/health`)).text()
  }
}

describe('SGLang', () => {
  it.each([true, false])('is told to stop at once when the client leaves (stream: %s)', async (stream) => {
    await using engine = await sglang()
    await using rig = await gatewayRig([{ url: engine.url, engine: 'sglang' }])
    const controller = new AbortController()
    const headers = { authorization: 'Bearer key' }
    const answer = post(rig.url + CHAT, chatBody({ stream }), { signal: controller.signal, headers })
    answer.catch(() => undefined)
    await eventually('the request', () => engine.requests.length === 1)
    await sleep(20)
    controller.abort()
    expect(await roundTripsUntil(() => engine.requests.length === 2, engine)).toBeLessThan(20)
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
      const leaving = new AbortController()
      const seen = engine.requests.length
      const left = post(rig.url + CHAT, chatBody(more), { signal: leaving.signal }).catch(() => undefined)
      await eventually('the request', () => engine.requests.length > seen)
      await sleep(20)
      leaving.abort()
      await left
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
