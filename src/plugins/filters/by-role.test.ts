import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { keptBy } from '../testing/scores-of.ts'
import byRole from './by-role.ts'

const endpoints = candidates({ role: 'both' }, { role: 'prefill' }, { role: 'decode' }, { role: 'encode' })

test.each([
  [{}, ['engine-0', 'engine-2']],
  [{ roles: ['prefill', 'both'] }, ['engine-0', 'engine-1']],
  [{ roles: ['encode'] }, ['engine-3']],
])('%j keeps %j', (options, kept) => {
  expect(keptBy(byRole, options, request(), endpoints)).toEqual(kept)
})
