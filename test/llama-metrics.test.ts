import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { detectEngine } from '../src/signals/detect-engine.ts'
import { httpProbe } from '../src/signals/http-probe.ts'
import { pollEndpoint } from '../src/signals/poll-endpoint.ts'
import type { PollProblem } from '../src/signals/poll-problem.ts'
import type { EngineState } from '../src/signals/polled-engine.ts'
import { findLlamaServer, llamaFleet } from './testing/llama-fleet.ts'

const found = findLlamaServer()
if ('missing' in found)
  console.warn(`SKIPPED: no real llama.cpp server for test/llama-metrics.test.ts: ${found.missing}`)
const program = 'program' in found ? found.program : ''

const SLOTS = 4
const CONTEXT = 4096

async function generate(url: string, tokens: number, signal?: AbortSignal): Promise<void> {
  const prompt = 'Once upon a time '.repeat(20)
  const body = JSON.stringify({ model: 'tiny', prompt, max_tokens: tokens, ignore_eos: true, stream: true })
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    body,
    ...(signal === undefined ? {} : { signal }),
  })
  await answer.text()
}

/** Keeps this many requests at the server until `signal` aborts. */
async function keepBusy(url: string, requests: number, signal: AbortSignal): Promise<void> {
  const one = async (): Promise<void> => {
    while (!signal.aborted) await generate(url, 3000, signal).catch(() => undefined)
  }
  await Promise.all(Array.from({ length: requests }, one))
}

describe.skipIf(program === '')('a real llama.cpp server', () => {
  it('is recognised in one request', { timeout: 60_000 }, async () => {
    await using fleet = await llamaFleet(program, 1)
    const asked: string[] = []
    const probe = httpProbe({ url: fleet.urls[0] ?? '' })
    const detection = await detectEngine((path, signal) => {
      asked.push(path)
      return probe(path, signal)
    })
    expect(detection).toMatchObject({ engine: 'llama-cpp', answered: true })
    expect(asked).toEqual(['/metrics'])
  })

  it('tells its queue, its slots, and what it found in its cache', { timeout: 60_000 }, async () => {
    await using fleet = await llamaFleet(program, 1)
    const url = fleet.urls[0] ?? ''
    const problems: PollProblem[] = []
    const states: EngineState[] = []
    await using poller = pollEndpoint({
      probe: httpProbe({ url }),
      clock: () => performance.now() / 1000,
      sleep: (seconds, signal) => sleep(seconds * 1000, undefined, { signal }),
      pace: { busy: 0.05, idle: 0.1 },
      onReading: (state) => states.push(state),
      onProblem: (problem) => problems.push(problem),
    })
    await expect.poll(() => poller.state().reading.version, { timeout: 5000 }).toMatch(/^b\d+/)
    await expect.poll(() => poller.state().reading.modelIds, { timeout: 5000 }).toEqual(['tiny'])
    await expect.poll(() => poller.state().reading.kvUsage, { timeout: 5000 }).toBe(0)
    await expect.poll(() => poller.state().reading.waiting, { timeout: 5000 }).toBe(0)
    expect(poller.state().reading).toMatchObject({
      running: 0,
      waiting: 0,
      kvUsage: 0,
      kvCapacityTokens: SLOTS * CONTEXT,
      maxRunning: SLOTS,
      maxModelLen: CONTEXT,
      asleep: false,
    })

    const leave = new AbortController()
    const load = keepBusy(url, SLOTS + 2, leave.signal)
    const most = (field: 'running' | 'waiting' | 'kvUsage'): number =>
      Math.max(...states.map(({ reading }) => reading[field] ?? 0))
    await expect.poll(() => most('waiting'), { timeout: 10_000 }).toBe(2)
    await expect.poll(() => most('kvUsage'), { timeout: 10_000 }).toBeGreaterThan(0)
    expect(most('running')).toBe(SLOTS)
    leave.abort()
    await load
    await expect.poll(() => poller.state().reading.running, { timeout: 10_000 }).toBe(0)

    const before = poller.state().reading.prefixCacheHitTokens ?? 0
    for (let i = 0; i < 2; i++) await generate(url, 2)
    await expect
      .poll(() => poller.state().reading.prefixCacheHitTokens, { timeout: 5000 })
      .toBeGreaterThan(before + 100)
    const { prefixCacheHitTokens = 0, prefixCacheQueriedTokens = 0 } = poller.state().reading
    expect(prefixCacheQueriedTokens).toBeGreaterThan(prefixCacheHitTokens)
    expect(problems).toEqual([])
  })
})
