import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import random from './random.ts'

test('all cost the same, whatever their load, and chance decides', () => {
  const verdict = rankOf(random, {}, request(), candidates({ inFlight: 9 }, { matchedTokens: 900 }, {}))
  expect(verdict).toMatchObject({ costs: [0, 0, 0], reason: 'random' })
  expect(random.ties).toBe('random')
})
