import { describe, expect, it } from 'vitest'
import { fleetFixture } from '../core/testing/fleet-fixture.ts'
import { fakeEngine } from '../../test/testing/fake-engine.ts'
import { CacheReports } from './cache-reports.ts'
import { CHAT, chatBody, post } from './testing/chat-call.ts'
import { gatewayRig } from './testing/gateway-rig.ts'

describe('silence about the cache', () => {
  const [a, b] = fleetFixture(['a', 'b']).fleet.endpoints
  if (a === undefined || b === undefined) throw new Error('no endpoints')

  it('means nothing before a report, and none after it, for a while', () => {
    const reports = new CacheReports()
    const silent = { promptTokens: 10 }
    expect(reports.complete(a, 'chat', silent)).toBe(silent)
    reports.complete(a, 'chat', { promptTokens: 10, cachedTokens: 4 })
    expect(reports.complete(a, 'chat', silent)?.cachedTokens).toBe(0)
    expect([reports.complete(a, 'completions', silent), reports.complete(b, 'chat', silent)]).toEqual([silent, silent])
    expect(reports.complete(a, 'chat', undefined)).toBeUndefined()
    for (let i = 0; i < 19; i++) expect(reports.complete(a, 'chat', silent)?.cachedTokens).toBe(0)
    expect(reports.complete(a, 'chat', silent)).toBe(silent)
    reports.complete(a, 'chat', { promptTokens: 10, cachedTokens: 4 })
    expect(reports.complete(a, 'chat', silent)?.cachedTokens).toBe(0)
  })

  it.each([
    ['vllm' as const, [12, 0]],
    ['openai' as const, [12, undefined]],
  ])('of %s counts as %j cached tokens', async (engine, expected) => {
    let cached: object | null = { cached_tokens: 12 }
    await using fake = await fakeEngine((response) => {
      const usage = { prompt_tokens: 40, completion_tokens: 1, prompt_tokens_details: cached }
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices: [], usage }))
      cached = null
    })
    await using rig = await gatewayRig([{ url: fake.url, engine }])
    for (let i = 0; i < 2; i++) await (await post(rig.url + CHAT, chatBody())).text()
    expect(rig.records.map(({ outcome }) => outcome?.usage?.cachedTokens)).toEqual(expected)
    expect(rig.records.map(({ reuse }) => reuse?.reportedTokens)).toEqual(expected)
  })

  it('compares prediction and report on the scale of the engine', async () => {
    await using fake = await fakeEngine((response) => {
      const usage = { prompt_tokens: 1000, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 900 } }
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices: [], usage }))
    })
    await using rig = await gatewayRig([{ url: fake.url }])
    const body = chatBody({ messages: [{ role: 'user', content: 'word '.repeat(2000) }] })
    for (let i = 0; i < 2; i++) await (await post(rig.url + CHAT, body)).text()
    const [first, second] = rig.records
    expect(first?.reuse).toEqual({ predictedTokens: 0, reportedTokens: 900 })
    // All but the last, partial block of 256 bytes, of 10,000 bytes or 1,000 tokens.
    expect(second?.reuse?.predictedTokens).toBeGreaterThan(960)
    expect(second?.reuse?.predictedTokens).toBeLessThanOrEqual(1000)
  })
})
