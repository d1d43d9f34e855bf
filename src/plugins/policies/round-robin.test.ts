import { expect, test } from 'vitest'
import { candidate, candidates } from '../testing/candidate.ts'
import { testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import roundRobin from './round-robin.ts'

function createRouter() {
  const policy = roundRobin.instantiate({}, testServices())
  return (endpoints: ReturnType<typeof candidates>) => {
    const [best] = verdictOf(roundRobin, policy, request(), endpoints).best
    const chosen = endpoints.find(({ id }) => id === best)
    if (chosen !== undefined) policy.booked?.(request(), chosen, 0)
    return best
  }
}

test('three endpoints take turns', () => {
  const next = createRouter()
  const endpoints = candidates({}, {}, {})
  const order = Array.from({ length: 6 }, () => next(endpoints))
  expect(order).toEqual(['engine-0', 'engine-1', 'engine-2', 'engine-0', 'engine-1', 'engine-2'])
})

test('an endpoint that was left out is next, and its neighbour has no second turn', () => {
  const next = createRouter()
  const [a, b, c] = [candidate({ slot: 0 }), candidate({ slot: 1 }), candidate({ slot: 2 })]
  expect([next([a, b, c]), next([a, c]), next([a, b, c]), next([a, b, c])]).toEqual([
    'engine-0',
    'engine-2',
    'engine-1',
    'engine-0',
  ])
})

test('a newcomer in a reused slot does not inherit the turn', () => {
  const next = createRouter()
  const stays = candidate({ slot: 0 })
  next([stays, candidate({ slot: 1, id: 'old' })])
  next([stays, candidate({ slot: 1, id: 'old' })])
  expect(next([stays, candidate({ slot: 1, id: 'new' })])).toBe('new')
})
