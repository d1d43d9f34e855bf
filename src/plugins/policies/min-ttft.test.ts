import { expect, test } from 'vitest'
import { candidate, candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import minTtft from './min-ttft.ts'

test('queue plus own prefill in seconds', () => {
  // Test engines need 11 ms and 0.1 ms per uncached token.
  const endpoints = candidates(
    { matchedTokens: 800, queuedSeconds: 0.05 },
    { matchedTokens: 0, queuedSeconds: 0 },
    { matchedTokens: 1200, queuedSeconds: 0.09 },
  )
  const { costs, best, terms } = rankOf(minTtft, {}, request({ promptTokens: 1000 }), endpoints)
  expect(costs[0]).toBeCloseTo(0.05 + 0.011 + 0.02, 12)
  expect(costs[1]).toBeCloseTo(0.011 + 0.1, 12)
  expect(costs[2]).toBeCloseTo(0.09 + 0.011, 12)
  expect(best).toEqual(['engine-0'])
  expect(terms['queue']).toEqual([0.05, 0, 0.09])
})

test('a slow engine with a hit loses to a fast one without', () => {
  const rates = { ...candidate().rates, prefillPerToken: 0.001 }
  const endpoints = candidates({ matchedTokens: 800, rates }, { matchedTokens: 0 })
  expect(rankOf(minTtft, {}, request({ promptTokens: 1000 }), endpoints).best).toEqual(['engine-1'])
})

test('attention to the cached part counts', () => {
  const rates = { ...candidate().rates, prefillPerToken: 0, prefillPerPair: 1e-6 }
  const [endpoint] = candidates({ matchedTokens: 600, rates })
  const { costs } = rankOf(minTtft, {}, request({ promptTokens: 1000 }), endpoint ? [endpoint] : [])
  expect(costs[0]).toBeCloseTo(0.011 + 1e-6 * 400 * (600 + 200), 12)
})
