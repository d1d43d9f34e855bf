import { expect, test } from 'vitest'
import { defineFilter, defineScorer, z } from '../../core/plugin.ts'
import { FILTERS, PICKERS, SCORERS } from '../index.ts'
import { createPartFactory } from '../part-factory.ts'
import { candidates } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import weightedScorers from './weighted-scorers.ts'

const asked = request({ promptTokens: 1000 })

/** Scores by the numbers in the label `score`; `throw` throws. */
const fromLabel = defineScorer({
  type: 'from-label',
  summary: 'Score in a label',
  options: z.strictObject({}),
  reads: [],
  create() {
    return (_request, { labels }) => {
      if (labels['score'] === 'throw') throw new Error('no score')
      return Number(labels['score'])
    }
  },
})
const throwing = defineFilter({
  type: 'throwing',
  summary: 'Throws',
  options: z.strictObject({}),
  reads: [],
  create() {
    return () => {
      throw new Error('no verdict')
    }
  },
})

function rankWithLabels(options: unknown, ...scores: readonly string[]) {
  const parts = createPartFactory(
    { filters: [...FILTERS, throwing], scorers: [...SCORERS, fromLabel], pickers: PICKERS },
    () => 0.5,
  )
  const policy = weightedScorers.instantiate(options, { ...testServices(), parts })
  return verdictOf(weightedScorers, policy, asked, candidates(...scores.map((score) => ({ labels: { score } }))))
}

test('the default profile weighs prefix match 2, queued work 2, requests in flight 1', () => {
  const endpoints = candidates(
    { matchedTokens: 500, queuedTokens: 32_768, inFlight: 2 },
    { matchedTokens: 0, queuedTokens: 0, inFlight: 4 },
  )
  const { costs, reason } = rankOf(weightedScorers, {}, asked, endpoints)
  expect(reason).toBe('best-score')
  expect(costs[0]).toBeCloseTo(1 - (0.4 * 0.5 + 0.4 * 0.5 + 0.2 * 0.5), 12)
  expect(costs[1]).toBeCloseTo(1 - (0.4 * 0 + 0.4 * 1 + 0.2 * 0), 12)
})

test('scores are clamped, NaN is neutral', () => {
  const options = { scorers: [{ type: 'from-label' }] }
  expect(rankWithLabels(options, '7', '-3', 'NaN', '0.25')).toMatchObject({
    costs: [0, 1, 0.5, 0.75],
    reason: 'best-score',
  })
})

test('a scorer that throws is neutral and shows in the reason, of this decision only', () => {
  const options = { scorers: [{ type: 'from-label' }] }
  expect(rankWithLabels(options, 'throw', '0.25')).toMatchObject({ costs: [0.5, 0.75], reason: 'part-failed' })
  const parts = createPartFactory({ filters: [], scorers: [fromLabel], pickers: PICKERS }, () => 0)
  const policy = weightedScorers.instantiate(options, { ...testServices(), parts })
  const reasonOf = (score: string) =>
    verdictOf(weightedScorers, policy, asked, candidates({ labels: { score } })).reason
  expect([reasonOf('throw'), reasonOf('1'), reasonOf('throw')]).toEqual(['part-failed', 'best-score', 'part-failed'])
})

test('a filter that throws keeps the endpoints', () => {
  const options = { filters: [{ type: 'throwing' }], scorers: [{ type: 'from-label' }] }
  expect(rankWithLabels(options, '1', '0')).toMatchObject({ costs: [0, 1], reason: 'part-failed' })
})

test('filters exclude in turn, and their costs are infinite', () => {
  const options = {
    filters: [{ type: 'by-role' }, { type: 'not-saturated', maxInFlight: 3 }],
    scorers: [{ type: 'queue-work', saturationTokens: 100 }],
  }
  const endpoints = candidates(
    { role: 'prefill' },
    { inFlight: 3 },
    { inFlight: 2, queuedTokens: 40 },
    { role: 'decode', queuedTokens: 20 },
  )
  const { costs, best } = rankOf(weightedScorers, options, asked, endpoints)
  expect(costs.slice(0, 2)).toEqual([Infinity, Infinity])
  expect(costs[2]).toBeCloseTo(0.4, 12)
  expect(best).toEqual(['engine-3'])
})

test('when the filters drop everybody, all stay', () => {
  const options = { filters: [{ type: 'by-role', roles: ['encode'] }], scorers: [{ type: 'in-flight' }] }
  expect(rankOf(weightedScorers, options, asked, candidates({ inFlight: 2 }, {}))).toMatchObject({
    costs: [1, 0],
    reason: 'filters-dropped-all',
  })
})

test('without scorers, or with weights of zero, all score the same', () => {
  const endpoints = candidates({ inFlight: 2 }, {})
  expect(rankOf(weightedScorers, { scorers: [] }, asked, endpoints).costs).toEqual([1, 1])
  const weightless = { scorers: [{ type: 'in-flight', weight: 0 }] }
  expect(rankOf(weightedScorers, weightless, asked, endpoints).costs).toEqual([1, 1])
})

test('unknown parts and wrong options of parts are refused when the policy is created', () => {
  const create = (options: unknown) => () => weightedScorers.instantiate(options, testServices())
  expect(create({ scorers: [{ type: 'queue-depth' }] })).toThrow(
    'unknown scorer "queue-depth": expected one of adapter-affinity, in-flight,',
  )
  expect(create({ scorers: [{ type: 'queue-work', saturationTokens: -1 }] })).toThrow(
    'scorer "queue-work": option saturationTokens: Too small: expected number to be >0, found -1',
  )
})
