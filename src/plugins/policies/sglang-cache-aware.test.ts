import { expect, test } from 'vitest'
import { candidates, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import sglang from './sglang-cache-aware.ts'

const LIBRARY = { balanceAbsThreshold: 32, balanceRelThreshold: 1.1, cacheThreshold: 0.5 }

function verdictFor(options: object, ...endpoints: readonly CandidateFacts[]) {
  return rankOf(sglang, options, request({ promptTokens: 160 }), candidates(...endpoints))
}

test('in balance, a match above the threshold beats load; the threshold itself does not', () => {
  expect(verdictFor(LIBRARY, {}, { matchedTokens: 96, inFlight: 4 })).toMatchObject({
    costs: [5, 4],
    best: ['engine-1'],
    reason: 'cached',
  })
  expect(verdictFor(LIBRARY, {}, { matchedTokens: 80, inFlight: 4 })).toMatchObject({
    costs: [0, 4],
    reason: 'not-cached',
  })
  // The command line asks for 0.3 only.
  expect(verdictFor({}, {}, { matchedTokens: 80, inFlight: 4 }).reason).toBe('cached')
})

test('out of balance takes both thresholds, and then no match counts', () => {
  expect(verdictFor(LIBRARY, {}, { matchedTokens: 160, inFlight: 40 })).toMatchObject({
    costs: [0, 40],
    reason: 'imbalanced',
  })
  // A spread of 64, but 704 is not more than 1.1 * 640; 705 is.
  const at = (inFlight: number) => verdictFor(LIBRARY, { inFlight: 640 }, { matchedTokens: 160, inFlight }).reason
  expect([at(704), at(705)]).toEqual(['cached', 'imbalanced'])
  const byDefault = (inFlight: number) => verdictFor({}, {}, { matchedTokens: 160, inFlight }).reason
  expect([byDefault(64), byDefault(65)]).toEqual(['cached', 'imbalanced'])
})

test('of several with the longest match, the fewest requests', () => {
  const { best } = verdictFor(
    {},
    { matchedTokens: 128, inFlight: 3 },
    { matchedTokens: 128, inFlight: 2 },
    { matchedTokens: 96 },
  )
  expect(best).toEqual(['engine-1'])
})

test('a cold prompt goes to the fewest requests, or to the emptiest cache', () => {
  const endpoints: CandidateFacts[] = [
    { kvFill: 0.2, inFlight: 2 },
    { kvFill: 0.3, inFlight: 1 },
  ]
  expect(verdictFor({}, ...endpoints).best).toEqual(['engine-1'])
  expect(verdictFor({ coldTo: 'emptiest-cache' }, ...endpoints)).toMatchObject({
    costs: [20_000, 30_000],
    reason: 'not-cached',
  })
})
