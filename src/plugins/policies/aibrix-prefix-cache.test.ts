import { expect, test } from 'vitest'
import { candidates, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import aibrix from './aibrix-prefix-cache.ts'

function verdictFor(...endpoints: readonly CandidateFacts[]) {
  return rankOf(aibrix, {}, request({ promptTokens: 1000 }), candidates(...endpoints))
}

test('the longest match within one standard deviation of the mean', () => {
  // Loads 1, 2, 6: mean 3, deviation sqrt(14 / 2) = 2.6. The best match is above 5.6.
  expect(
    verdictFor(
      { inFlight: 1, matchedTokens: 320 },
      { inFlight: 2, matchedTokens: 640 },
      { inFlight: 6, matchedTokens: 960 },
    ),
  ).toEqual({
    costs: [1 + 68 * 7, 2 + 36 * 7, 6 + 101 * 7],
    best: ['engine-1'],
    reason: 'cached',
    terms: { 'in-flight': [1, 2, 6], 'percent-missed': [68 * 7, 36 * 7, 0], 'not-qualified': [0, 0, 101 * 7] },
  })
})

test('the deviation is that of a sample', () => {
  // Loads 0, 3, 5: mean 2.67, deviation sqrt(12.67 / 2) = 2.52, so 5 is within; over three it would not be.
  expect(verdictFor({}, { inFlight: 3 }, { inFlight: 5, matchedTokens: 900 })).toMatchObject({ best: ['engine-2'] })
})

test('matches are compared in whole percent, then by load', () => {
  expect(verdictFor({ inFlight: 3, matchedTokens: 649 }, { inFlight: 2, matchedTokens: 640 }).best).toEqual([
    'engine-1',
  ])
  expect(verdictFor({ inFlight: 3, matchedTokens: 650 }, { inFlight: 2, matchedTokens: 640 }).best).toEqual([
    'engine-0',
  ])
})

test('a spread above 8 leaves only the least loaded, of which the match decides', () => {
  const at = (inFlight: number) =>
    verdictFor({ inFlight, matchedTokens: 900 }, { inFlight: 0, matchedTokens: 100 }, { inFlight: 0 }, { inFlight: 4 })
  // 8: mean 3, deviation 3.8; the best match is out for its load, 10 percent are better than none.
  expect(at(8)).toMatchObject({ best: ['engine-1'], reason: 'cached' })
  expect(at(9)).toMatchObject({ best: ['engine-1'], reason: 'imbalanced-cached' })
  expect(verdictFor({ inFlight: 9, matchedTokens: 900 }, {}, {})).toMatchObject({
    best: ['engine-1', 'engine-2'],
    reason: 'imbalanced',
  })
})

test('a match on too busy an endpoint alone, or none at all: fewest requests', () => {
  expect(verdictFor({ inFlight: 7, matchedTokens: 900 }, { inFlight: 1 }, { inFlight: 1 })).toMatchObject({
    best: ['engine-1', 'engine-2'],
    reason: 'not-cached',
  })
  expect(verdictFor({ inFlight: 2 }, { inFlight: 1 })).toMatchObject({ best: ['engine-1'], reason: 'not-cached' })
})
