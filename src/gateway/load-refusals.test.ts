import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type FakeEngine, fakeEngine } from '../../test/testing/fake-engine.ts'
import { retryAfterSeconds } from './resting-endpoints.ts'
import { CHAT, chatBody, post } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

/** How each engine says that it has too much to do. */
const REFUSALS: readonly [engine: string, status: number, body: string][] = [
  ['vllm', 503, '{"error":{"message":"queue full","type":"ServiceUnavailableError","param":null,"code":503}}'],
  ['sglang', 503, '{"object":"error","message":"The request queue is full.","type":"ServiceUnavailable","code":503}'],
  ['sglang', 429, '{"object":"error","message":"rate","type":"TooManyRequests","code":429}'],
  ['llama-cpp', 503, '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'],
  ['tgi', 429, '{"error":"Model is overloaded","error_type":"overloaded"}'],
  ['ollama', 503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}'],
]

function refusing(status: number, body: string, retryAfter?: string): Promise<FakeEngine> {
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  }
  return fakeEngine((response) => response.writeHead(status, headers).end(body))
}

describe('a refusal for load', () => {
  it.each(REFUSALS)('of %s (%i) moves the request on', async (_engine, status, body) => {
    await using full = await refusing(status, body)
    await using other = await fakeEngine()
    await using rig = await gatewayRig([{ url: full.url }, { url: other.url }])
    expect((await post(rig.url + CHAT, chatBody())).status).toBe(200)
    expect([rig.retries, rig.faults]).toEqual([['refused'], ['e0 refused']])
  })

  it('keeps requests away for as long as it says, while there are others', async () => {
    await using full = await refusing(503, '{}', '1')
    await using other = await fakeEngine()
    await using rig = await gatewayRig([{ url: full.url }, { url: other.url }])
    for (let i = 0; i < 5; i++) expect((await post(rig.url + CHAT, chatBody())).status).toBe(200)
    expect([full.requests.length, other.requests.length]).toEqual([1, 5])
    await sleep(1050)
    for (let i = 0; i < 2; i++) expect((await post(rig.url + CHAT, chatBody())).status).toBe(200)
    expect(full.requests).toHaveLength(2)
  })

  it('is the answer, with its Retry-After, when the others want to be left alone too', async () => {
    await using a = await refusing(503, 'a', '20')
    await using b = await refusing(429, 'b', '10')
    await using rig = await gatewayRig([{ url: a.url }, { url: b.url }])
    const first = await post(rig.url + CHAT, chatBody())
    expect([first.status, first.headers.get('retry-after'), await first.text()]).toEqual([429, '10', 'b'])
    // Both rest: one is asked, since only it can know, and its refusal is not carried to the other.
    expect((await post(rig.url + CHAT, chatBody())).status).toBeGreaterThan(428)
    expect(a.requests.length + b.requests.length).toBe(3)
    expect(rig.faults.filter((fault) => !fault.endsWith('refused'))).toEqual([])
  })

  it.each([
    ['7', 7],
    [' 0 ', 0],
    ['Thu, 01 Jan 1970 00:00:30 GMT', 20],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('says %s for when to come back', (header, seconds) => {
    expect(retryAfterSeconds(header, 10_000)).toBe(seconds)
  })
})
