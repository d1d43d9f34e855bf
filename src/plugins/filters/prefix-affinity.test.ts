import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { keptBy } from '../testing/scores-of.ts'
import prefixAffinity from './prefix-affinity.ts'

const asked = request({ promptTokens: 1000 })
const ALL = ['engine-0', 'engine-1', 'engine-2']

function keptWith(queuedSeconds: readonly [number, number, number], options = {}) {
  const [first, second, third] = queuedSeconds
  const endpoints = candidates(
    { matchedTokens: 800, queuedSeconds: first },
    { matchedTokens: 1000, queuedSeconds: second },
    { matchedTokens: 799, queuedSeconds: third },
  )
  return keptBy(prefixAffinity, options, asked, endpoints)
}

test('keeps those that hold 80 % while the shortest of their queues is at most 18 s longer', () => {
  expect(keptWith([19, 30, 1])).toEqual(['engine-0', 'engine-1'])
  expect(keptWith([19.1, 30, 1])).toEqual(ALL)
  expect(keptWith([30, 19, 1])).toEqual(['engine-0', 'engine-1'])
})

test('share and penalty are options', () => {
  expect(keptWith([2, 2, 1], { minShare: 0.9, maxPenaltySeconds: 1 })).toEqual(['engine-1'])
  expect(keptWith([0, 2.5, 1], { minShare: 0.9, maxPenaltySeconds: 1 })).toEqual(ALL)
})

test('keeps all when nobody holds enough, and also when everybody does', () => {
  expect(keptBy(prefixAffinity, {}, asked, candidates({ matchedTokens: 700 }, {}))).toHaveLength(2)
  const warm = candidates({ matchedTokens: 900, queuedSeconds: 50 }, { matchedTokens: 900 })
  expect(keptBy(prefixAffinity, {}, asked, warm)).toHaveLength(2)
})
