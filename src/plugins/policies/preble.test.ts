import { expect, test } from 'vitest'
import type { RequestOutcome } from '../../core/outcome.ts'
import { candidate, candidates } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import preble from './preble.ts'

/** 0.01 s of decoding at 0.15 s per token unless a test says otherwise: the prefill decides. */
const asked = request({ promptTokens: 1000, outputTokens: 0 })

/** A policy that has sent prompts without a match: `[slot, promptTokens, when]`. Each costs 11 ms + 0.1 ms per token. */
function after(sent: readonly (readonly [number, number, number])[], options = {}) {
  const policy = preble.instantiate({ minRequests: 0, ...options }, testServices())
  for (const [slot, promptTokens, now] of sent) {
    policy.booked?.(request({ promptTokens, outputTokens: 0 }), candidate({ slot }), now)
  }
  return policy
}

test('exploits a match of more than half of the prompt, explores at half', () => {
  const at = (matchedTokens: number) => rankOf(preble, {}, asked, candidates({ matchedTokens }, {})).reason
  expect([at(501), at(500)]).toEqual(['exploit', 'explore'])
})

test('exploit: the least loaded of those with the longest match', () => {
  const policy = after([
    [0, 2000, 0],
    [1, 1000, 0],
  ])
  const endpoints = candidates({ matchedTokens: 800 }, { matchedTokens: 800 }, { matchedTokens: 700 })
  const { best, reason, terms } = verdictOf(preble, policy, asked, endpoints, 10)
  expect([best, reason]).toEqual([['engine-1'], 'exploit'])
  expect(terms['load']?.[0]).toBeCloseTo(0.211, 12)
  expect(terms['load']?.[1]).toBeCloseTo(0.111, 12)
})

test('an owner that is the heaviest and above 1.5 times the lightest loses to the lightest', () => {
  const loads = (heavy: number) =>
    after([
      [0, heavy, 0],
      [1, 1890, 0],
      [2, 2000, 0],
    ])
  const endpoints = candidates({ matchedTokens: 900 }, {}, {})
  // 1.5 times the lightest, 0.2 s, is 0.3 s: 2889 tokens lie below, 2891 above.
  expect(verdictOf(preble, loads(2889), asked, endpoints)).toMatchObject({ best: ['engine-0'], reason: 'exploit' })
  expect(verdictOf(preble, loads(2891), asked, endpoints)).toMatchObject({ best: ['engine-1'], reason: 'redirected' })
})

test('nothing is redirected before there are 50 requests per endpoint, nor from an owner that is not the heaviest', () => {
  const endpoints = candidates({ matchedTokens: 900 }, {})
  const sends = (count: number) => Array.from({ length: count }, () => [0, 1000, 0] as const)
  expect(verdictOf(preble, after(sends(99), { minRequests: 50 }), asked, endpoints).reason).toBe('exploit')
  expect(verdictOf(preble, after(sends(100), { minRequests: 50 }), asked, endpoints).reason).toBe('redirected')
  const heavyElsewhere = after([
    [0, 3000, 0],
    [1, 9000, 0],
  ])
  const three = candidates({ matchedTokens: 900 }, {}, {})
  expect(verdictOf(preble, heavyElsewhere, asked, three)).toMatchObject({ best: ['engine-0'], reason: 'exploit' })
})

test('explore: load, eviction and prefill in seconds', () => {
  const policy = preble.instantiate({}, testServices())
  // Half of the prompt tokens sent to endpoint 1 were held there.
  policy.booked?.(request({ promptTokens: 2000, outputTokens: 10 }), candidate({ slot: 1, matchedTokens: 1000 }), 0)
  const endpoints = candidates({ matchedTokens: 200, kvFill: 1 }, { matchedTokens: 400, kvFill: 0.998 })
  const { terms, costs, reason } = verdictOf(preble, policy, asked, endpoints)
  expect(reason).toBe('explore')
  // Endpoint 0 is full but nothing sent there was ever asked for again.
  expect(terms['eviction']?.[0]).toBe(0)
  expect(costs[0]).toBeCloseTo(0.011 + 0.08, 12)
  // 0.111 s of prefill and ten tokens at 0.15 s; 600 new tokens, 200 free ones, half of the other 400 worth keeping.
  expect(terms['load']?.[1]).toBeCloseTo(0.111 + 1.5, 12)
  expect(terms['eviction']?.[1]).toBeCloseTo(0.5 * 400 * 0.0001, 9)
  expect(terms['prefill']?.[1]).toBeCloseTo(0.011 + 0.06, 12)
  expect(costs[1]).toBeCloseTo(1.611 + 0.02 + 0.071, 9)
})

test('work counts for three minutes, even when it is done', () => {
  const policy = after([[0, 1000, 0]])
  const loadAt = (now: number) => verdictOf(preble, policy, asked, candidates({}, {}), now).terms['load']?.[0]
  expect(loadAt(180)).toBeCloseTo(0.111, 12)
  expect(loadAt(180.1)).toBe(0)
})

test('seconds per answer token are learned from answers that ended', () => {
  const policy = preble.instantiate({}, testServices())
  const outcome: RequestOutcome = { kind: 'finished', ttft: 1, e2e: 3, outputTokens: 101, usage: undefined }
  policy.ended?.(asked, candidate(), outcome, 3)
  policy.booked?.(request({ promptTokens: 1000, outputTokens: 50 }), candidate(), 3)
  const { terms } = verdictOf(preble, policy, asked, candidates({}, {}), 3)
  expect(terms['load']?.[0]).toBeCloseTo(0.111 + 50 * 0.02, 12)
})
