import { expect, test } from 'vitest'
import { oncePerDecision } from './once-per-decision.ts'
import { request } from './testing/request.ts'

test('computes once per pass over the candidates, and again for the next pass or another request', () => {
  let computed = 0
  const endpoints = ['a', 'b', 'c'] as const
  const shared = oncePerDecision<string, number>(() => ++computed)
  const one = request()
  expect(endpoints.map((endpoint) => shared(one, endpoint, endpoints))).toEqual([1, 1, 1])
  expect(endpoints.map((endpoint) => shared(one, endpoint, endpoints))).toEqual([2, 2, 2])
  const other = request()
  expect(shared(other, 'b', endpoints)).toBe(3)
  expect(shared(other, 'c', endpoints)).toBe(3)
})
