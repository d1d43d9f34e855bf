import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SchedulingRequest } from '../core/request.ts'
import { FILTERS, PICKERS, POLICIES, SCORERS } from './index.ts'
import { candidate, type CandidateFacts } from './testing/candidate.ts'
import { createRandomSource } from './testing/random-source.ts'
import { testServices, verdictOf } from './testing/rank-of.ts'
import { keysOf, request } from './testing/request.ts'

const count = fc.oneof(fc.constant(0), fc.nat(20), fc.nat(2_000_000))
const seconds = fc.double({ min: 0, max: 1e6, noNaN: true })

const factor = fc.option(fc.double({ min: 0.01, max: 100, noNaN: true }), { nil: undefined })

const facts: fc.Arbitrary<CandidateFacts> = fc.record({
  inFlight: count,
  decoding: count,
  queuedTokens: count,
  queuedSeconds: seconds,
  inFlightTokens: count,
  matchedTokens: count,
  kvFill: fc.double({ min: 0, max: 1, noNaN: true }),
  idleSeconds: fc.oneof(seconds, fc.constant(Infinity)),
  loadAge: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 60, noNaN: true })),
  prefillFactor: factor,
  decodeFactor: factor,
  predictionError: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  adapterState: fc.constantFrom(undefined, 'loaded', 'room', 'waiting', 'full'),
  role: fc.constantFrom('both', 'prefill', 'decode', 'encode'),
  labels: fc.constantFrom({}, { size: 'small' }, { size: 'large' }, { 'llm-d.ai/context-length-range': '0-4096' }),
})

/** Endpoints in any slots, in any order. */
const pools = fc
  .uniqueArray(fc.record({ slot: fc.nat(300), facts }), { minLength: 1, maxLength: 12, selector: ({ slot }) => slot })
  .map((entries) => entries.map(({ slot, facts }) => candidate({ ...facts, slot })))

const requests: fc.Arbitrary<SchedulingRequest> = fc
  .record({
    promptTokens: count,
    promptBytes: count,
    outputTokens: count,
    tokensPerBlock: fc.integer({ min: 1, max: 64 }),
    blocks: fc.array(fc.nat(3), { maxLength: 20 }).map(keysOf),
    session: fc.option(fc.constantFrom('a', 'b', ''), { nil: undefined }),
    headers: fc.constantFrom<Readonly<Record<string, string>>>({}, { 'x-session-id': 'h' }, { cookie: 'session_id=c' }),
  })
  .map(request)

/** What happens to a policy: a request is ranked, maybe others are explained before it, and it is sent. */
const histories = fc.array(
  fc.record({ asked: requests, explained: fc.array(requests, { maxLength: 2 }), pool: pools }),
  {
    minLength: 1,
    maxLength: 5,
  },
)

test.each(POLICIES)('$type: costs are numbers, one of them finite, and explaining changes nothing', (plugin) => {
  fc.assert(
    fc.property(histories, fc.nat(), (steps, seed) => {
      const source = createRandomSource(seed)
      const explains = plugin.instantiate({}, testServices(source.random))
      const doesNot = plugin.instantiate({}, testServices(source.random))
      for (const [now, { asked, explained, pool }] of steps.entries()) {
        const state = source.state()
        for (const other of explained) verdictOf(plugin, explains, other, pool, now)
        const verdicts = [explains, explains, doesNot].map((policy) => {
          source.restore(state)
          return verdictOf(plugin, policy, asked, pool, now)
        })
        const [first, again, unexplained] = verdicts
        expect(again).toEqual(first)
        expect(unexplained).toEqual(first)
        expect(first?.costs.some(Number.isNaN)).toBe(false)
        expect(first?.costs.some(Number.isFinite)).toBe(true)
        expect(plugin.reasons).toContain(first?.reason)

        const chosen = pool.find(({ id }) => id === first?.best[0])
        for (const policy of [explains, doesNot]) if (chosen !== undefined) policy.booked?.(asked, chosen, now)
      }
    }),
    { numRuns: 60 },
  )
})

test.each(SCORERS)('$type: every score lies in [0, 1] and is the same when asked again', (plugin) => {
  const score = plugin.instantiate({}, testServices())
  fc.assert(
    fc.property(requests, requests, pools, (asked, other, pool) => {
      const scoresFor = (request: SchedulingRequest) => pool.map((endpoint) => score(request, endpoint, pool))
      const scores = scoresFor(asked)
      for (const value of scores) expect(value >= 0 && value <= 1).toBe(true)
      scoresFor(other)
      expect(scoresFor(asked)).toEqual(scores)
    }),
    { numRuns: 60 },
  )
})

test.each(FILTERS)('$type: gives the same verdict when asked again', (plugin) => {
  const keeps = plugin.instantiate({}, testServices())
  fc.assert(
    fc.property(requests, requests, pools, (asked, other, pool) => {
      const keptFor = (request: SchedulingRequest) => pool.filter((endpoint) => keeps(request, endpoint, pool))
      const kept = keptFor(asked)
      keptFor(other)
      expect(keptFor(asked)).toEqual(kept)
    }),
    { numRuns: 60 },
  )
})

test.each(PICKERS)('$type: turns any scores in [0, 1] into finite costs', (plugin) => {
  const scores = fc.array(fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1 })
  fc.assert(
    fc.property(scores, fc.nat(), (values, seed) => {
      const pick = plugin.instantiate({}, testServices(createRandomSource(seed).random))
      const cost = new Float64Array(values.length + 2).fill(-1)
      pick(Float64Array.from(values), values.length, cost)
      expect([...cost.subarray(0, values.length)].every(Number.isFinite)).toBe(true)
      expect([...cost.subarray(values.length)]).toEqual([-1, -1])
    }),
  )
})

test.each([POLICIES, FILTERS, SCORERS, PICKERS])('types of a kind are kebab-case and different', (...plugins) => {
  const types = plugins.map(({ type }) => type)
  expect(new Set(types).size).toBe(types.length)
  for (const type of types) expect(type).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
})
