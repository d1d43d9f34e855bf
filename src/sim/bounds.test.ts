import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { profileNamed } from '../engine/profiles.ts'
import { idealReuse } from '../workload/ideal-reuse.ts'
import { loadTrace } from '../workload/load-trace.ts'
import { createRandom } from '../workload/random.ts'
import { jitterStarts, scaleTimes } from '../workload/reshape.ts'
import { idleTtft, idleTtfts, ttftLowerBound } from './bounds.ts'
import { endlessReuse, pooledReuse, type Retention } from './pooled-reuse.ts'
import { ids, openWorkload, plainProfile, text } from './testing/small-scenario.ts'

describe('small workloads, by hand', () => {
  const workload = openWorkload([
    { at: 0, prompt: text(ids(0, 30)) },
    { at: 0.1, prompt: text(ids(100, 10)) },
  ])

  test('a single machine works on the short prompt first', () => {
    const { work, queueing, mean } = ttftLowerBound({ workload, profile: plainProfile, endpoints: 1, warmUp: 0 })
    expect(work).toBeCloseTo((0.96 + 0.32) / 2, 9)
    // 0.96 s of work in [0, 0.1] and [0.42, 1.28], 0.32 s in [0.1, 0.42].
    const long = (0.1 * 0.05 + 0.86 * 0.85) / 0.96 + 0.48
    const short = 0.26 + 0.16 - 0.1
    expect(queueing).toBeCloseTo((long + short) / 2, 9)
    expect(mean).toBe(Math.max(work, queueing))
  })

  test('the first requests only fill the cache', () => {
    const twice = openWorkload([0, 1].map((at) => ({ at, prompt: text(ids(0, 30)) })))
    const bound = ttftLowerBound({ workload: twice, profile: plainProfile, endpoints: 2, warmUp: 0.5 })
    expect(bound.work).toBeCloseTo(0.016, 9)
  })

  test('an idle engine takes a step for each chunk', () => {
    const small = { ...plainProfile, maxBatchedTokens: 100, rates: { ...plainProfile.rates, overhead: 0.5 } }
    expect(idleTtft(small, 250, 0)).toBeCloseTo(0.25 + 3 * 0.5, 9)
    expect(idleTtft(small, 250, 160)).toBeCloseTo(0.09 + 0.5, 9)
    expect(idleTtft(plainProfile, 5, 5)).toBeCloseTo(0.01, 9)
  })
})

const TRACE = '../shared/traces/mooncake/conversation_trace.jsonl'

// Figures that were computed independently from the same trace and the same model of an engine.
describe.runIf(existsSync(TRACE))('the conversation trace', async () => {
  const trace = existsSync(TRACE) ? await loadTrace(TRACE) : openWorkload([])
  const jittered = jitterStarts(trace, 3, createRandom(1))
  const profile = profileNamed('qwen3-32b-tp2-h100')
  const { promptTokens } = idealReuse(trace)
  const share = (cached: Int32Array) => cached.reduce((sum, tokens) => sum + tokens, 0) / promptTokens

  test('a cache that forgets nothing finds .374 of the tokens', () => {
    expect(idealReuse(trace).share).toBeCloseTo(0.374, 3)
    expect(share(endlessReuse(trace, 16))).toBeCloseTo(0.374, 3)
  })

  test.each<[number, number, number]>([
    [0.3, 4.3, 15],
    [1, 5.6, 25.8],
    [2.4, 11.1, 34.3],
    [4.8, 21.2, 37.3],
    [8, 27.1, 37.3],
    [16, 34.2, 37.3],
    [24, 36.1, 37.3],
    [48, 37.1, 37.3],
  ])('%d million tokens pooled find what the reference says', (millions, lru, belady) => {
    const found = (retention: Retention) => 100 * share(pooledReuse(trace, 16, millions * 1e6, retention))
    expect(Math.abs(found('lru') - lru)).toBeLessThan(0.5)
    expect(Math.abs(found('belady') - belady)).toBeLessThan(0.5)
  })

  test.each<[number, Retention, number]>([
    // The reference says "none"; but every prompt starts with the same 512 tokens, and those count as held there.
    [0.05, 'lru', 0.853],
    [2.4, 'lru', 0.797],
    [2.4, 'belady', 0.585],
    [8, 'lru', 0.656],
    [8, 'belady', 0.552],
    [16, 'lru', 0.586],
    [Infinity, 'lru', 0.552],
  ])('the floor with %d million tokens and %s is that of the reference', (millions, retention, seconds) => {
    const ttfts = idleTtfts({ workload: trace, profile, warmUp: 0.1 }, millions * 1e6, retention)
    const mean = ttfts.reduce((sum, ttft) => sum + ttft, 0) / ttfts.length
    expect(Math.abs(mean / seconds - 1)).toBeLessThan(0.03)
  })

  test.each<[number, number]>([
    [1, 0.313],
    [2, 0.324],
    [3, 0.346],
  ])('the lower bounds at speed %d are those of the reference', (speed, queueing) => {
    const workload = scaleTimes(jittered, speed, 1)
    const bound = ttftLowerBound({ workload, profile, endpoints: 8, warmUp: 0.1 })
    expect(Math.abs(bound.work / 0.546 - 1)).toBeLessThan(0.01)
    expect(Math.abs(bound.queueing / queueing - 1)).toBeLessThan(0.01)
  })
})
