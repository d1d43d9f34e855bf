import { expect, test } from 'vitest'
import type { Candidate } from '../../core/endpoint.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import type { SignalName } from '../../core/signals.ts'
import { candidate, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf, testServices, verdictOf } from '../testing/rank-of.ts'
import { keysOf, request } from '../testing/request.ts'
import dualMap from './dual-map.ts'

const asked = request({ promptTokens: 1000, blocks: keysOf([1, 2, 3, 4, 5, 6]) })

/** Eight endpoints, idle but for what is said of some slots. */
function eight(facts: Readonly<Record<number, CandidateFacts>> = {}): readonly Candidate<SignalName>[] {
  return Array.from({ length: 8 }, (_, slot) => candidate({ slot, ...facts[slot] }))
}

/** Slots of the two candidates of a prompt, the winner first. */
function pairOf(asked: SchedulingRequest, endpoints = eight()): readonly [number, number] {
  const { costs } = rankOf(dualMap, {}, asked, endpoints)
  return [costs.indexOf(0), costs.indexOf(1)]
}

test('a prompt has two different candidates, the same ones wherever they stand', () => {
  const [a, b] = pairOf(asked)
  expect(a).not.toBe(b)
  const longer = request({ promptTokens: 2000, blocks: keysOf([1, 2, 3, 4, 9, 9, 9]) })
  expect(pairOf(longer).toSorted()).toEqual([a, b].toSorted())
  const moved = eight().toReversed()
  const { costs } = rankOf(dualMap, {}, asked, moved)
  expect([moved[costs.indexOf(0)]?.slot, moved[costs.indexOf(1)]?.slot]).toEqual([a, b])
})

test('prompts spread evenly, whichever of their candidates they take', () => {
  const counts = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let head = 0; head < 800; head++) {
    for (const slot of pairOf(request({ blocks: keysOf([head, 0, 0, 0]) }))) counts[slot] = (counts[slot] ?? 0) + 1
  }
  // 200 expected, standard deviation about 13
  expect(Math.min(...counts)).toBeGreaterThan(145)
  expect(Math.max(...counts)).toBeLessThan(255)
})

test('the warmer candidate wins until its work exceeds the budget', () => {
  const [a, b] = pairOf(asked)
  const verdictAt = (queuedTokens: number, options = {}) =>
    rankOf(dualMap, options, asked, eight({ [b]: { matchedTokens: 600, queuedTokens }, [a]: { queuedTokens: 10 } }))
  expect(verdictAt(65_136)).toMatchObject({ best: [`engine-${b}`], reason: 'warmer' })
  // 65,137 + 400 own tokens are one more than 65,536.
  expect(verdictAt(65_137)).toMatchObject({ best: [`engine-${a}`], reason: 'over-budget' })
  expect(verdictAt(700, { budgetTokens: 1000 })).toMatchObject({ best: [`engine-${a}`], reason: 'over-budget' })
})

test('over budget, the warmer one still wins when the other has more to do', () => {
  const [a, b] = pairOf(asked)
  const endpoints = eight({ [b]: { matchedTokens: 600, queuedTokens: 70_000 }, [a]: { queuedTokens: 80_000 } })
  expect(rankOf(dualMap, {}, asked, endpoints)).toMatchObject({ best: [`engine-${b}`], reason: 'over-budget' })
})

test('an objective in seconds stands in for the budget', () => {
  const [a, b] = pairOf(asked)
  // Own prefill: 11 ms + 400 * 0.1 ms = 51 ms.
  const reasonAt = (queuedSeconds: number) =>
    rankOf(dualMap, { sloSeconds: 1 }, asked, eight({ [b]: { matchedTokens: 600, queuedSeconds }, [a]: {} })).reason
  expect(reasonAt(0.94)).toBe('warmer')
  expect(reasonAt(0.96)).toBe('over-budget')
})

test('equally warm: less work, then the first address; a third idle endpoint does not count', () => {
  const [a, b] = pairOf(asked)
  expect(a).toBeLessThan(b)
  const verdict = rankOf(dualMap, {}, asked, eight({ [a]: { queuedTokens: 5000 }, [b]: { queuedTokens: 4000 } }))
  expect(verdict).toMatchObject({ best: [`engine-${b}`], reason: 'equally-warm' })
})

test('a beginning with more than 2 / N of the traffic is keyed by twice as many blocks', () => {
  const policy = dualMap.instantiate({}, testServices())
  const promptOf = (tail: number) => request({ blocks: keysOf([1, 2, 3, 4, 5, 6, 7, tail]) })
  const winners = new Set<string | undefined>()
  for (let tail = 0; tail < 40; tail++) {
    const { best } = verdictOf(dualMap, policy, promptOf(tail), eight())
    winners.add(best[0])
    const chosen = eight().find(({ id }) => id === best[0])
    if (chosen !== undefined) policy.booked?.(promptOf(tail), chosen, 0)
  }
  expect(winners.size).toBeGreaterThan(4)
  // Too short for the longer key: it stays with its two candidates.
  const short = request({ blocks: keysOf([1, 2, 3, 4]) })
  expect(pairOf(short)).toContain(Number(verdictOf(dualMap, policy, short, eight()).best[0]?.slice('engine-'.length)))
})

test('no full key, or nobody to choose from: least prefill work', () => {
  const endpoints = eight({ 3: { queuedTokens: 0 } }).map((endpoint) =>
    endpoint.slot === 3 ? endpoint : candidate({ slot: endpoint.slot, queuedTokens: 100 }),
  )
  const short = request({ blocks: keysOf([1, 2, 3]) })
  expect(rankOf(dualMap, {}, short, endpoints)).toMatchObject({ best: ['engine-3'], reason: 'no-key' })
  expect(rankOf(dualMap, {}, asked, endpoints.slice(0, 1))).toMatchObject({ best: ['engine-0'], reason: 'no-key' })
})
