import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { CHAT, post } from '../src/gateway/testing/chat-call.ts'
import { gatewayRig } from '../src/gateway/testing/gateway-rig.ts'
import { findLlamaServer, llamaFleet } from './testing/llama-fleet.ts'
import { MAY_BE_LATE } from './testing/may-be-late.ts'

const found = findLlamaServer()
if ('missing' in found)
  console.warn(`SKIPPED: no real llama.cpp server for test/llama-quirks.test.ts: ${found.missing}`)
const program = 'program' in found ? found.program : ''

const COMPLETIONS = '/v1/completions'
const schema = { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'], additionalProperties: false }

/** Greedy, so that the same request has the same answer. */
function request(more: object): object {
  return { model: 'm', max_tokens: 24, temperature: 0, seed: 1, cache_prompt: false, ...more }
}

const messages = [{ role: 'user', content: 'Say something' }]
const CASES: readonly [name: string, path: string, body: object][] = [
  ['chat', CHAT, request({ messages })],
  ['chat with log probabilities', CHAT, request({ messages, logprobs: true, top_logprobs: 2 })],
  [
    'chat with a schema',
    CHAT,
    request({ messages, response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }),
  ],
  ['completions', COMPLETIONS, request({ prompt: 'Once upon a time' })],
  ['completions with log probabilities', COMPLETIONS, request({ prompt: 'Once', logprobs: 2 })],
]

/** The answer with what differs from call to call made equal: ids, times. Every name stays. */
function withoutChance(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutChance(item))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutChance(member, key)]))
  }
  if (name === 'id' && typeof value === 'string') return `${value.slice(0, 9)}… ${value.length}`
  return /^created$|_ms$|_per_second$/.test(name) ? typeof value : value
}

describe.skipIf(program === '')('a real llama.cpp server behind the gateway', () => {
  it('answers plain requests as it does itself, field by field', { timeout: 60_000 }, async () => {
    await using fleet = await llamaFleet(program, 1)
    const [url = ''] = fleet.urls
    await using rig = await gatewayRig([{ url, engine: 'llama-cpp' }])
    for (const [name, path, body] of CASES) {
      const text = JSON.stringify(body)
      const own = await post(url + path, text)
      const ours = await post(rig.url + path, text)
      expect(ours.headers.get('content-type')).toBe(own.headers.get('content-type'))
      expect({ name, answer: withoutChance(await ours.json()) }).toEqual({
        name,
        answer: withoutChance(await own.json()),
      })
    }
    expect(rig.records).toHaveLength(CASES.length)
    expect(rig.records.every(({ outcome, reuse }) => outcome?.kind === 'finished' && reuse !== undefined)).toBe(true)
    expect(rig.records.every(({ outcome }) => (outcome?.ttft ?? 1) < (outcome?.e2e ?? 0))).toBe(true)
  })

  it(
    'has its slot free 100 ms after the client of a plain request left',
    { timeout: 60_000, ...MAY_BE_LATE },
    async () => {
      await using fleet = await llamaFleet(program, 1)
      const [url = ''] = fleet.urls
      await using rig = await gatewayRig([{ url, engine: 'llama-cpp' }])
      const busy = async (): Promise<boolean> => {
        const slots: unknown = await (await fetch(`${url}/slots`)).json()
        return JSON.stringify(slots).includes('"is_processing":true')
      }
      // Letters alone: the engine notices a closed connection when it writes, and it does not write half a character.
      const long = JSON.stringify(request({ messages, max_tokens: 4000, ignore_eos: true, grammar: 'root ::= [a-z]+' }))
      /** Milliseconds from leaving to the free slot, 1,000 at most. */
      const freedAfter = async (gateway: string): Promise<number> => {
        const controller = new AbortController()
        post(gateway + CHAT, long, { signal: controller.signal }).catch(() => undefined)
        while (!(await busy())) await sleep(1)
        await sleep(30)
        expect(await busy()).toBe(true)
        const left = performance.now()
        controller.abort()
        while (performance.now() - left < 1000 && (await busy()));
        return performance.now() - left
      }
      const freed = await freedAfter(rig.url)
      console.log(`slot of a plain request free ${freed.toFixed(0)} ms after its client left`)
      expect(freed).toBeLessThan(100)
      expect(rig.records).toMatchObject([{ status: 499, outcome: { kind: 'aborted' } }])
      // Without the stream the engine works on: the very reason for it.
      expect(await freedAfter(url)).toBeGreaterThan(900)
    },
  )
})
