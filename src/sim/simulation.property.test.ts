import fc from 'fast-check'
import { expect, test } from 'vitest'
import { POLICIES } from '../plugins/index.ts'
import type { PromptMessage, Workload } from '../workload/workload.ts'
import { ttftLowerBound } from './bounds.ts'
import type { RouterView, Scenario } from './scenario.ts'
import { Simulation } from './simulation.ts'
import { endpoint, plainProfile, text, turn } from './testing/small-scenario.ts'

const view = fc.oneof(
  fc.constantFrom<RouterView>({ kind: 'exact' }, { kind: 'predicted' }),
  fc.record({ kind: fc.constant('events' as const), delay: fc.constantFrom(0, 0.3, 5), loss: fc.constantFrom(0, 0.3) }),
  fc.record({ kind: fc.constant('polled' as const), interval: fc.constantFrom(0.1, 3) }),
)

const policy = fc.constantFrom(...POLICIES.map(({ type }) => type))

const profile = fc
  .record({
    blockSize: fc.constantFrom(16, 32),
    kvTokens: fc.constantFrom(1500, 16_000),
    maxBatchedTokens: fc.constantFrom(48, 8192),
    maxSequences: fc.constantFrom(2, 256),
    overhead: fc.constantFrom(0, 0.002),
  })
  .map(({ overhead, ...limits }) => ({ ...plainProfile, ...limits, rates: { ...plainProfile.rates, overhead } }))

const place = fc.record({
  profile,
  hostTokens: fc.constantFrom(0, 0, 400, 50_000),
  joinsAt: fc.constantFrom(0, 0, 2),
  leavesAt: fc.constantFrom(Infinity, Infinity, 9),
  outages: fc.constantFrom(
    [],
    [],
    [{ from: 2.5, to: 4 }],
    [
      { from: 3, to: 3.5 },
      { from: 6, to: 12 },
    ],
  ),
})
/** The first endpoint stays, so that requests can always go somewhere in the end. */
const places = fc
  .tuple(profile, fc.array(place, { maxLength: 3 }))
  .map(([profile, others]) => [endpoint('e0', { profile }), ...others.map((each, i) => endpoint(`e${i + 1}`, each))])

const session = fc.record({
  start: fc.integer({ min: 0, max: 100 }).map((tenths) => tenths / 10),
  system: fc.nat(2),
  turns: fc.array(fc.record({ words: fc.integer({ min: 1, max: 100 }), output: fc.integer({ min: 1, max: 60 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  think: fc.constantFrom(0, 0.5),
})

const workload = fc
  .record({
    sessions: fc.array(session, { minLength: 1, maxLength: 14 }),
    pacing: fc.constantFrom('open' as const, 'sessions' as const, 'closed' as const),
  })
  .map(({ sessions, pacing }): Workload => {
    let next = 1000
    return {
      name: 'random',
      pacing,
      notes: [],
      sessions: sessions.map(({ start, system, turns, think }, number) => {
        const messages: PromptMessage[] = [{ role: 'system', parts: [text([system, system + 10, system + 20], 80)] }]
        const requests = turns.map(({ words, output }, place) => {
          messages.push({ role: 'user', parts: [{ ids: Uint32Array.of(next++), unit: words, tokens: words }] })
          const request = turn(`s${number}`, place, [...messages], output, think)
          const parts = [{ ids: Uint32Array.of(next++), unit: output, tokens: output }]
          messages.push({ role: 'assistant', parts, answerOf: place })
          return request
        })
        return { id: `s${number}`, start, requests }
      }),
    }
  })

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  workload,
  concurrency: fc.integer({ min: 1, max: 4 }),
  endpoints: places,
  policy: policy.map((type) => ({ type })),
  view,
  routers: fc.constantFrom(1, 1, 3),
  seed: fc.nat(1000),
  warmUp: fc.constant(0),
})

test('every request ends exactly once, every lease is released, and times make sense', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const simulation = new Simulation(scenario)
      const { requests, sent } = simulation.run()
      const all = scenario.workload.sessions.flatMap((each) => each.requests)
      expect(requests).toHaveLength(all.length)
      const lengths = (list: readonly { promptTokens: number; outputTokens: number }[]) =>
        list.map(({ promptTokens, outputTokens }) => `${promptTokens} ${outputTokens}`).sort()
      expect(lengths(requests)).toEqual(lengths(all))
      const retries = requests.reduce((sum, request) => sum + request.retries, 0)
      expect(sent.reduce((sum, count) => sum + count, 0)).toBe(all.length + retries)
      let last = Number.NEGATIVE_INFINITY
      for (const { arrival, endpoint, promptTokens, cachedTokens, predictedTokens, ttft, e2e } of requests) {
        expect(arrival).toBeGreaterThanOrEqual(last)
        last = arrival
        const { profile } = scenario.endpoints[endpoint]!
        expect(cachedTokens).toBeLessThan(promptTokens)
        expect(predictedTokens).toBeLessThanOrEqual(promptTokens)
        const { prefillPerToken, overhead } = profile.rates
        expect(ttft).toBeGreaterThanOrEqual(prefillPerToken * (promptTokens - cachedTokens) + overhead - 1e-9)
        expect(e2e).toBeGreaterThanOrEqual(ttft)
      }
      for (const { fleet } of simulation.routers) {
        for (const { signals, prefill } of fleet.endpoints) {
          expect(signals).toMatchObject({ inFlight: 0, decoding: 0, inFlightTokens: 0 })
          expect([prefill.tokens, prefill.seconds]).toEqual([0, 0])
        }
      }
      for (const { calls, engine } of simulation.endpoints) {
        expect([calls.size, engine.running, engine.waiting, engine.cache.used]).toEqual([0, 0, 0, 0])
      }
    }),
    { numRuns: 200 },
  )
})

test('equal scenarios give equal results, byte for byte', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const once = JSON.stringify(new Simulation(scenario).run())
      const copy = { ...scenario, workload: structuredClone(scenario.workload) }
      expect(JSON.stringify(new Simulation(copy).run())).toBe(once)
    }),
    { numRuns: 60 },
  )
})

test('no policy beats the lower bound', () => {
  const steady = fc
    .tuple(scenarios, workload, profile, fc.integer({ min: 1, max: 4 }))
    .map(([scenario, workload, profile, count]) => ({
      ...scenario,
      workload: {
        ...workload,
        pacing: 'open' as const,
        sessions: workload.sessions.map((each) => ({ ...each, requests: each.requests.slice(0, 1) })),
      },
      endpoints: Array.from({ length: count }, (_, i) => endpoint(`e${i}`, { profile })),
    }))
  fc.assert(
    fc.property(steady, (scenario) => {
      const { requests } = new Simulation(scenario).run()
      const { profile } = scenario.endpoints[0]!
      const bound = ttftLowerBound({ ...scenario, profile, endpoints: scenario.endpoints.length })
      const mean = requests.reduce((sum, { ttft }) => sum + ttft, 0) / requests.length
      expect(mean).toBeGreaterThanOrEqual(bound.mean - 1e-9)
    }),
    { numRuns: 100 },
  )
})
