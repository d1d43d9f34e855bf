import { expect, test } from 'vitest'
import type { Candidate } from '../../core/endpoint.ts'
import type { SignalName } from '../../core/signals.ts'
import { candidates } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import llmDDefault from './llm-d-default.ts'

const asked = request({ promptTokens: 1000 })

/** A warm endpoint with three waiting requests and half of its KV cache in use, and an idle one. */
const WARM_OR_IDLE = candidates({ matchedTokens: 800, inFlight: 4, decoding: 1, inFlightTokens: 50_000 }, {})

test('3:2:2:2 prefers the idle endpoint', () => {
  const { costs, best, reason } = rankOf(llmDDefault, {}, asked, WARM_OR_IDLE)
  expect(costs[0]).toBeCloseTo(1 - (3 * 0.8 + 2 * 0 + 2 * 0.5 + 2 * 0.5) / 9, 12)
  expect(costs[1]).toBeCloseTo(1 - (3 * 0 + 2 * 1 + 2 * 1 + 2 * 0.5) / 9, 12)
  expect([best, reason]).toEqual([['engine-1'], 'best-score'])
})

test('2:1:1 prefers the warm one', () => {
  const options = { prefixWeight: 2, queueWeight: 1, kvWeight: 1, noHitLruWeight: 0 }
  const { costs, best } = rankOf(llmDDefault, options, asked, WARM_OR_IDLE)
  expect(costs[0]).toBeCloseTo(1 - (2 * 0.8 + 0 + 0.5) / 4, 12)
  expect(costs[1]).toBeCloseTo(1 - (0 + 1 + 1) / 4, 12)
  expect(best).toEqual(['engine-0'])
})

test('the queue score runs from the fewest to the most waiting', () => {
  const options = { prefixWeight: 0, queueWeight: 1, kvWeight: 0, noHitLruWeight: 0 }
  const queueOf = (...waiting: readonly number[]) =>
    rankOf(llmDDefault, options, asked, candidates(...waiting.map((inFlight) => ({ inFlight })))).terms['queue']
  expect(queueOf(6, 2, 3)).toEqual([0, 1, 0.75])
  expect(queueOf(5, 5)).toEqual([1, 1])
})

test('cold prompts go round by the last cold prompt; warm ones leave the order alone', () => {
  const options = { prefixWeight: 0, queueWeight: 0, kvWeight: 0, noHitLruWeight: 1 }
  const policy = llmDDefault.instantiate(options, testServices())
  const idle = candidates({}, {}, {})
  const send = (endpoints: readonly Candidate<SignalName>[], to: number) => {
    const { terms } = verdictOf(llmDDefault, policy, asked, endpoints)
    policy.booked?.(asked, endpoints[to]!, 0)
    return terms['no-hit-lru']
  }
  expect(send(idle, 1)).toEqual([1, 1, 1])
  expect(send(idle, 2)).toEqual([1, 0, 1])
  expect(send(candidates({ matchedTokens: 32 }, {}, {}), 0)).toEqual([0.5, 0.5, 0.5])
  expect(send(idle, 0)).toEqual([1, 0.5, 0])
  expect(send(idle, 1)).toEqual([0, 1, 0.5])
})
