import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SchedulingRequest } from '../../core/request.ts'
import { candidate, candidates } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { keysOf, request } from '../testing/request.ts'
import consistentHash from './consistent-hash.ts'

const EIGHT = Array.from({ length: 8 }, (_, slot) => candidate({ slot }))

function homeOf(asked: SchedulingRequest, endpoints = EIGHT, options = {}): string | undefined {
  return rankOf(consistentHash, options, asked, endpoints).best[0]
}

test('sessions spread evenly over idle endpoints', () => {
  const policy = consistentHash.instantiate({}, testServices())
  const counts = new Map<string, number>()
  for (let i = 0; i < 8000; i++) {
    const { best, reason } = verdictOf(consistentHash, policy, request({ session: `user-${i}` }), EIGHT)
    expect(reason).toBe('session')
    counts.set(best[0] ?? '', (counts.get(best[0] ?? '') ?? 0) + 1)
  }
  // 1000 expected, standard deviation about 30
  expect(Math.min(...counts.values())).toBeGreaterThan(880)
  expect(Math.max(...counts.values())).toBeLessThan(1120)
})

test('when an endpoint goes, only its own sessions move; their order of endpoints stays', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.nat(7), (session, gone) => {
      const asked = request({ session })
      const rest = EIGHT.filter(({ slot }) => slot !== gone)
      const order = (endpoints: typeof EIGHT) => {
        const { costs } = rankOf(consistentHash, {}, asked, endpoints)
        return endpoints.map(({ slot }, i) => ({ slot, cost: costs[i] ?? 0 })).toSorted((a, b) => a.cost - b.cost)
      }
      expect(order(rest)).toEqual(order(EIGHT).filter(({ slot }) => slot !== gone))
    }),
  )
})

test('the placement depends on the endpoint, not on its slot or place', () => {
  const asked = request({ session: 'abc' })
  const moved = EIGHT.map(({ id, slot }) => candidate({ id, slot: slot + 20 })).toReversed()
  expect(homeOf(asked, moved)).toBe(homeOf(asked))
})

test('without a session, prompts with the same beginning share an endpoint', () => {
  const head = [1, 2, 3, 4, 5, 6, 7, 8]
  const one = request({ blocks: keysOf([...head, 9, 10]), tokensPerBlock: 32 })
  const two = request({ blocks: keysOf([...head, 11]), tokensPerBlock: 32 })
  expect(rankOf(consistentHash, {}, one, EIGHT)).toMatchObject({ best: [homeOf(two)], reason: 'prefix' })
  // A longer key takes in the blocks in which they differ.
  const homes = (tokens: number) => {
    const tails = Array.from({ length: 40 }, (_, tail) =>
      request({ blocks: keysOf([...head, tail]), tokensPerBlock: 32 }),
    )
    return new Set(tails.map((asked) => homeOf(asked, EIGHT, { prefixTokens: tokens }))).size
  }
  expect(homes(256)).toBe(1)
  expect(homes(257)).toBeGreaterThan(4)
})

test('without session and full blocks, or when prompts are not to count, the client address decides', () => {
  const asked = request({ clientAddress: '192.0.2.7' })
  expect(rankOf(consistentHash, {}, asked, EIGHT).reason).toBe('client')
  const prompt = request({ clientAddress: '192.0.2.7', blocks: keysOf([1, 2]) })
  expect(rankOf(consistentHash, { prefixTokens: 0 }, prompt, EIGHT)).toMatchObject({
    best: [homeOf(asked)],
    reason: 'client',
  })
})

test('an endpoint above 1.25 times the mean load is passed over for the next hash', () => {
  const asked = request({ session: 's' })
  const hashes = rankOf(consistentHash, {}, asked, candidates({}, {}, {}, {})).terms['hash'] ?? []
  const [home, second] = hashes.map((hash, slot) => ({ hash, slot })).toSorted((a, b) => a.hash - b.hash)
  const withLoad = (inFlight: number) =>
    EIGHT.slice(0, 4).map(({ slot }) => candidate({ slot, inFlight: slot === home?.slot ? inFlight : 4 }))
  // Three endpoints have 4 requests each. With 5 on the fourth the bound is 1.25 * 18 / 4 = 5.6; with 7 it is 6.25.
  expect(rankOf(consistentHash, {}, asked, withLoad(5))).toMatchObject({
    best: [`engine-${home?.slot}`],
    reason: 'session',
  })
  expect(rankOf(consistentHash, {}, asked, withLoad(7))).toMatchObject({
    best: [`engine-${second?.slot}`],
    reason: 'spilled-from-loaded',
  })
  expect(rankOf(consistentHash, { margin: 10 }, asked, withLoad(7)).best).toEqual([`engine-${home?.slot}`])
})
