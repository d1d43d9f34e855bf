import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { keysOf, request } from '../testing/request.ts'
import marginalCost from './marginal-cost.ts'

test('adds wait, memory, own prefill and slow-down in seconds', () => {
  const endpoints = candidates(
    { matchedTokens: 900 },
    { queuedSeconds: 0.2, decoding: 4, inFlight: 5, inFlightTokens: 5000 },
    { inFlight: 1, inFlightTokens: 99_500 },
  )
  const { terms, costs, best } = rankOf(marginalCost, {}, request({ promptTokens: 1000, outputTokens: 100 }), endpoints)
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6))
  expect(terms).toEqual({
    wait: close([0, 0.2, 0]),
    // 600 of 99,500 tokens are lacking, and an answer takes 10 s until something is observed.
    memory: close([0, 0, (600 / 99_500) * 10]),
    prefill: close([0.021, 0.111, 0.111]),
    eviction: [0, 0, 0],
    slowdown: close([0, 0.05 * (4 * 0.111 + 5 * 50 * 1e-4 + 100 * 5e-4), 0.05 * (50 * 1e-4 + 100 * 1e-4)]),
  })
  expect(costs).toEqual(close([0.021, 0.33695, 0.111 + (600 / 99_500) * 10 + 0.00075]))
  expect(best).toEqual(['engine-0'])
})

test('weighs the slow-down by what is observed, at most 1', () => {
  const policy = marginalCost.instantiate({}, testServices())
  const endpoints = candidates({ decoding: 10, inFlight: 10, inFlightTokens: 1000 })
  const [endpoint] = endpoints
  if (endpoint === undefined) throw new Error('one endpoint expected')
  const slowdown = () => verdictOf(marginalCost, policy, request(), endpoints).terms['slowdown']?.[0] ?? Number.NaN
  const before = slowdown()
  policy.ended?.(request(), endpoint, { kind: 'finished', ttft: 8, e2e: 10, outputTokens: 50, usage: undefined }, 0)
  expect(slowdown() / before).toBeCloseTo(1 / 0.05)
  policy.ended?.(request(), endpoint, { kind: 'failed', ttft: 0.001, e2e: 10, outputTokens: 50, usage: undefined }, 0)
  expect(slowdown() / before).toBeCloseTo(1 / 0.05)
})

test('leaves a full endpoint for an empty one once evicted prompts come back', () => {
  const policy = marginalCost.instantiate({}, testServices())
  const endpoints = candidates({ matchedTokens: 500, kvFill: 1 }, {})
  const [full] = endpoints
  if (full === undefined) throw new Error('an endpoint was expected')
  const prompts = [1, 2].map((seed) =>
    request({
      blocks: keysOf(Array.from({ length: 64 }, (_, block) => seed * 100 + block)),
      promptTokens: 2048,
      tokensPerBlock: 32,
    }),
  )
  const choose = (turn: number) => {
    const { best } = verdictOf(marginalCost, policy, prompts[turn % 2] ?? request(), endpoints)
    policy.booked?.(prompts[turn % 2] ?? request(), full, turn)
    return best[0]
  }
  const chosen = Array.from({ length: 40 }, (_, turn) => choose(turn))
  expect([chosen[0], chosen.at(-1)]).toEqual(['engine-0', 'engine-1'])
})
