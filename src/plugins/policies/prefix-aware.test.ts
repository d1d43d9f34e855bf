import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { candidates, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import prefixAware from './prefix-aware.ts'

const asked = request({ promptTokens: 1000 })

function verdictFor(...endpoints: readonly CandidateFacts[]) {
  return rankOf(prefixAware, {}, asked, candidates(...endpoints))
}

test('the longest match wins over load', () => {
  const verdict = verdictFor({ matchedTokens: 960, inFlight: 7 }, { matchedTokens: 320 }, {})
  expect(verdict).toMatchObject({ best: ['engine-0'], reason: 'longest-prefix' })
  expect(verdict.costs).toEqual([40 + 7 / 1024, 680, 1001])
})

test('equal matches: fewest requests', () => {
  const verdict = verdictFor({ matchedTokens: 64, inFlight: 2 }, { matchedTokens: 64, inFlight: 1 })
  expect(verdict).toMatchObject({ best: ['engine-1'], reason: 'longest-prefix' })
})

test('eight requests in flight saturate: the next match that is free', () => {
  const verdict = verdictFor({ matchedTokens: 960, inFlight: 8 }, { matchedTokens: 32, inFlight: 7 }, {})
  expect(verdict).toMatchObject({ best: ['engine-1'], reason: 'spilled-from-saturated' })
})

test('all matches saturated: the least loaded', () => {
  const verdict = verdictFor({ matchedTokens: 960, inFlight: 8 }, { matchedTokens: 32, inFlight: 9 }, { inFlight: 3 })
  expect(verdict).toMatchObject({ costs: [8, 9, 3], reason: 'spilled-fallback-least-loaded' })
})

test('no match of 16 tokens: the least loaded', () => {
  const verdict = verdictFor({ matchedTokens: 15, inFlight: 2 }, { inFlight: 1 })
  expect(verdict).toMatchObject({ costs: [2, 1], reason: 'fallback-least-loaded' })
})

test('zero switches the saturation off', () => {
  const endpoints = candidates({ matchedTokens: 960, inFlight: 500 }, {})
  const verdict = rankOf(prefixAware, { saturationInFlight: 0 }, asked, endpoints)
  expect(verdict).toMatchObject({ best: ['engine-0'], reason: 'longest-prefix' })
})

/** The rule as a sorted list, step by step. */
function expected(endpoints: readonly { matchedTokens: number; inFlight: number }[], minimum: number, limit: number) {
  const order = endpoints
    .map((endpoint, i) => ({ ...endpoint, id: `engine-${i}` }))
    .toSorted((a, b) => b.matchedTokens - a.matchedTokens || a.inFlight - b.inFlight)
  const isSaturated = ({ inFlight }: { inFlight: number }) => limit > 0 && inFlight >= limit
  const [first] = order
  const fewest = Math.min(...endpoints.map(({ inFlight }) => inFlight))
  const idlest = order.filter(({ inFlight }) => inFlight === fewest)
  if (first === undefined || first.matchedTokens < minimum) return { reason: 'fallback-least-loaded', best: idlest }
  const free = order.find((endpoint) => endpoint.matchedTokens >= minimum && !isSaturated(endpoint))
  if (free === undefined) return { reason: 'spilled-fallback-least-loaded', best: idlest }
  const equal = order.filter((other) => other.matchedTokens === free.matchedTokens && other.inFlight === free.inFlight)
  return { reason: isSaturated(first) ? 'spilled-from-saturated' : 'longest-prefix', best: equal }
}

test('agrees with the sorted list', () => {
  const endpoint = fc.record({
    matchedTokens: fc.integer({ min: 0, max: 8 }).map((blocks) => blocks * 16),
    inFlight: fc.integer({ min: 0, max: 6 }),
  })
  const pools = fc.array(endpoint, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(pools, fc.nat(70), fc.nat(5), (endpoints, minMatchTokens, saturationInFlight) => {
      const options = { minMatchTokens, saturationInFlight }
      const verdict = rankOf(prefixAware, options, asked, candidates(...endpoints))
      const model = expected(endpoints, minMatchTokens, saturationInFlight)
      expect(verdict.reason).toBe(model.reason)
      expect(verdict.best.toSorted()).toEqual(model.best.map(({ id }) => id).toSorted())
    }),
  )
})
