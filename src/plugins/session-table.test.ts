import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSessionTable } from './session-table.ts'

const CAPACITY = 4
const IDLE = 10
const SESSIONS = ['a', 'b', 'c', 'd', 'e', 'f']

test('agrees with a list that is searched and sorted', () => {
  const step = fc.record({
    session: fc.constantFrom(...SESSIONS),
    endpoint: fc.constantFrom('x', 'y'),
    wait: fc.integer({ min: 0, max: 8 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = createSessionTable(CAPACITY, IDLE)
      let model: { session: string; endpoint: string; at: number }[] = []
      let now = 0
      for (const { session, endpoint, wait } of steps) {
        now += wait
        table.bind(session, endpoint, now)
        model = [...model.filter((entry) => entry.session !== session), { session, endpoint, at: now }]
        model = model.filter((entry) => now - entry.at <= IDLE).slice(-CAPACITY)
        for (const asked of SESSIONS) {
          expect(table.find(asked, now)).toBe(model.find((entry) => entry.session === asked)?.endpoint)
        }
        expect(table.size()).toBeLessThanOrEqual(CAPACITY)
      }
    }),
  )
})

test('a binding ends after the idle time, counted from its last use', () => {
  const table = createSessionTable(10, 7200)
  table.bind('s', 'engine-1', 0)
  table.bind('s', 'engine-1', 7000)
  expect(table.find('s', 14_200)).toBe('engine-1')
  expect(table.find('s', 14_201)).toBeUndefined()
})

test('expired sessions are cleared away by later ones', () => {
  const table = createSessionTable(1000, 10)
  for (let i = 0; i < 100; i++) table.bind(`old-${i}`, 'x', 0)
  for (let i = 0; i < 25; i++) table.bind(`new-${i}`, 'x', 100)
  expect(table.size()).toBe(25)
})
