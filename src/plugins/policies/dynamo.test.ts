import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { createRandomSource } from '../testing/random-source.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import dynamo from './dynamo.ts'

/** Ten blocks of 16 tokens. */
const asked = request({ promptTokens: 160 })

/** The example of Dynamo's documentation: 2, 5 and 8 blocks cached, 10, 5 and 9 decode blocks with the request. */
const DOCUMENTED = candidates(
  { matchedTokens: 2 * 16, inFlightTokens: 2 * 16 },
  { matchedTokens: 5 * 16, inFlightTokens: 0 },
  { matchedTokens: 8 * 16, inFlightTokens: 7 * 16 },
)

test('the documented example: costs 18, 10 and 11, the second wins', () => {
  expect(rankOf(dynamo, { ownDecode: 'uncached' }, asked, DOCUMENTED)).toEqual({
    costs: [18, 10, 11],
    best: ['engine-1'],
    reason: 'lowest-cost',
    terms: { prefill: [8, 5, 2], decode: [10, 5, 9], requests: [0, 0, 0], 'not-drawn': [0, 0, 0] },
  })
})

test('by default the whole prompt is charged to the decode blocks, the same everywhere', () => {
  expect(rankOf(dynamo, {}, asked, DOCUMENTED).terms['decode']).toEqual([12, 10, 17])
})

test('queued prefill counts, and the scale weighs it against decode', () => {
  const endpoints = candidates(
    { matchedTokens: 160, queuedTokens: 64, inFlightTokens: 320 },
    { matchedTokens: 0, queuedTokens: 0 },
  )
  expect(rankOf(dynamo, {}, asked, endpoints)).toMatchObject({ costs: [4 + 30, 10 + 10], best: ['engine-1'] })
  expect(rankOf(dynamo, { prefillLoadScale: 32 }, asked, endpoints)).toMatchObject({ best: ['engine-0'] })
})

test('credit, its decay and the weight of requests', () => {
  const endpoints = candidates({ matchedTokens: 160, queuedTokens: 160, inFlight: 3 }, { queuedTokens: 0 })
  const prefill = (options: object) => rankOf(dynamo, options, asked, endpoints).terms['prefill']
  expect(prefill({})).toEqual([10, 10])
  expect(prefill({ overlapCredit: 0 })).toEqual([20, 10])
  expect(prefill({ overlapCredit: 4 })).toEqual([0, 10])
  // One prompt's length above the shortest queue: the credit is halved.
  expect(prefill({ overlapCreditDecay: 1 })).toEqual([15, 10])
  expect(rankOf(dynamo, { activeRequestWeight: 2 }, asked, endpoints).terms['requests']).toEqual([6, 0])
})

test('a temperature draws by softmax over the costs, normalised to their range', () => {
  const { random } = createRandomSource(3)
  const policy = dynamo.instantiate({ ownDecode: 'uncached', temperature: 1 }, testServices(random))
  const wins = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const { best, reason } = verdictOf(dynamo, policy, asked, DOCUMENTED)
    expect([best.length, reason]).toEqual([1, 'drawn'])
    wins.set(best[0] ?? '', (wins.get(best[0] ?? '') ?? 0) + 1)
  }
  // Normalised costs 1, 0 and 1/8; standard deviation at most 39.
  const weights = [Math.exp(-1), 1, Math.exp(-1 / 8)]
  const sum = weights.reduce((total, weight) => total + weight, 0)
  for (const [i, weight] of weights.entries()) {
    expect(Math.abs((wins.get(`engine-${i}`) ?? 0) - (6000 * weight) / sum)).toBeLessThan(150)
  }
})

test('equal costs are drawn uniformly at any temperature', () => {
  const { random } = createRandomSource(4)
  const policy = dynamo.instantiate({ temperature: 0.01 }, testServices(random))
  const winners = new Set<string | undefined>()
  for (let i = 0; i < 100; i++) winners.add(verdictOf(dynamo, policy, asked, candidates({}, {}, {})).best[0])
  expect(winners.size).toBe(3)
})
