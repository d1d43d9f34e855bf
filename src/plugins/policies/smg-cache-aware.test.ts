import { expect, test } from 'vitest'
import { candidates, type CandidateFacts } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import smg from './smg-cache-aware.ts'

function verdictFor(options: object, ...endpoints: readonly CandidateFacts[]) {
  return rankOf(smg, options, request({ promptTokens: 1000 }), candidates(...endpoints))
}

test('the least loaded of those with the longest match', () => {
  expect(
    verdictFor({}, { matchedTokens: 640, inFlight: 9 }, { matchedTokens: 640, inFlight: 7 }, { matchedTokens: 320 }),
  ).toMatchObject({ costs: [9, 7, 10], best: ['engine-1'], reason: 'cached' })
})

test('0.3 of the prompt is not enough, more is; with a threshold of 0 any match is', () => {
  const at = (matchedTokens: number, options = {}) => verdictFor(options, { matchedTokens, inFlight: 5 }, {}).reason
  expect([at(300), at(301), at(1, { matchThreshold: 0 }), at(0, { matchThreshold: 0 })]).toEqual([
    'not-cached',
    'cached',
    'cached',
    'not-cached',
  ])
})

test('the gate gives a holder up above 1.5 times the mean and 64 above it', () => {
  // Mean of four with x on the holder and 10 elsewhere: (x + 30) / 4. 64 above it: x > 95.3.
  const at = (inFlight: number) =>
    verdictFor({}, { matchedTokens: 900, inFlight }, { inFlight: 10 }, { inFlight: 10 }, { inFlight: 10 })
  expect(at(95)).toMatchObject({ best: ['engine-0'], reason: 'cached' })
  expect(at(96)).toMatchObject({ best: ['engine-1', 'engine-2', 'engine-3'], reason: 'spilled' })
  // 500 on the holder and 300 elsewhere: 150 above the mean of 350, but less than 1.5 times it.
  const busy = { inFlight: 300 }
  expect(verdictFor({}, { matchedTokens: 900, inFlight: 500 }, busy, busy, busy).reason).toBe('cached')
})

test('an imbalance elsewhere leaves the holder alone', () => {
  const endpoints: CandidateFacts[] = [{ matchedTokens: 900, inFlight: 20 }, { inFlight: 500 }, {}]
  expect(verdictFor({}, ...endpoints)).toMatchObject({ best: ['engine-0'], reason: 'cached' })
})

test('with decay, a queue of one prompt more halves a match', () => {
  const endpoints: CandidateFacts[] = [{ matchedTokens: 900, queuedTokens: 1000 }, { matchedTokens: 500 }]
  expect(verdictFor({}, ...endpoints).best).toEqual(['engine-0'])
  expect(verdictFor({ overlapDecay: 1 }, ...endpoints)).toMatchObject({
    best: ['engine-1'],
    terms: { match: [450, 500] },
  })
})
