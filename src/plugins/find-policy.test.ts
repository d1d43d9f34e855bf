import { expect, test } from 'vitest'
import { findPolicy } from './find-policy.ts'
import { POLICIES } from './index.ts'
import lmetric from './policies/lmetric.ts'

test('finds every registered policy by its type', () => {
  for (const policy of POLICIES) expect(findPolicy(policy.type)).toBe(policy)
})

test('looks in another list when told so', () => {
  const own = { ...lmetric, type: 'my-own' }
  expect(findPolicy('my-own', [...POLICIES, own])).toBe(own)
})

test('an unknown type is refused with the list of known ones', () => {
  expect(() => findPolicy('fastest', [lmetric])).toThrow('unknown policy "fastest": expected one of lmetric')
})
