import { expect, test } from 'vitest'
import { candidates, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import sticky from './sticky-until-saturated.ts'

function verdictFor(options: object, ...endpoints: readonly CandidateFacts[]) {
  return rankOf(sticky, options, request({ promptTokens: 1000 }), candidates(...endpoints))
}

test('ten thousand queued tokens do not drive a warm prompt away', () => {
  expect(verdictFor({}, {}, { matchedTokens: 900, queuedTokens: 10_000 })).toEqual({
    costs: [Infinity, 10_100],
    best: ['engine-1'],
    reason: 'sticky',
    terms: { queued: [0, 10_000], own: [1000, 100] },
  })
})

test('the defaults give up above 18 s * 15,928 tokens/s = 286,704 tokens more than elsewhere', () => {
  const at = (queuedTokens: number) =>
    verdictFor({}, { queuedTokens: 1000 }, { matchedTokens: 900, queuedTokens: 1000 + queuedTokens })
  expect(at(286_704)).toMatchObject({ best: ['engine-1'], reason: 'sticky' })
  expect(at(286_705)).toMatchObject({ best: ['engine-0'], reason: 'saturated' })
})

test('below 80 % of the prompt nothing is sticky and the fewest tokens left win', () => {
  const endpoints: CandidateFacts[] = [{ queuedTokens: 100 }, { matchedTokens: 790, queuedTokens: 950 }]
  expect(verdictFor({}, ...endpoints)).toMatchObject({ costs: [1100, 1160], reason: 'nothing-sticky' })
  expect(verdictFor({ affinityThreshold: 0.79 }, ...endpoints)).toMatchObject({ best: ['engine-1'], reason: 'sticky' })
})

test('among sticky endpoints the fewest tokens left win', () => {
  const { best } = verdictFor(
    {},
    { matchedTokens: 1000, queuedTokens: 500 },
    { matchedTokens: 800, queuedTokens: 200 },
    {},
  )
  expect(best).toEqual(['engine-1'])
})

test('a shorter penalty gives up earlier, a penalty of 0 never', () => {
  const endpoints: CandidateFacts[] = [{}, { matchedTokens: 900, queuedTokens: 40_000 }]
  expect(verdictFor({ maxTTFTPenaltyMs: 2000 }, ...endpoints).reason).toBe('saturated')
  expect(verdictFor({ maxTTFTPenaltyMs: 0 }, {}, { matchedTokens: 900, queuedTokens: 9e9 }).reason).toBe('sticky')
})
