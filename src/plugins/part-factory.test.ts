import { expect, test } from 'vitest'
import { FILTERS, PICKERS, SCORERS } from './index.ts'
import { PluginConfigError } from './instantiate-plugin.ts'
import { createPartFactory } from './part-factory.ts'
import { candidates } from './testing/candidate.ts'
import { request } from './testing/request.ts'

const parts = createPartFactory({ filters: FILTERS, scorers: SCORERS, pickers: PICKERS }, () => 0.25)

test('builds parts by type, with the options beside it', () => {
  const endpoints = candidates({ inFlight: 4, role: 'prefill', queuedTokens: 50 })
  const [endpoint] = endpoints
  if (endpoint === undefined) throw new Error('no endpoint')
  expect(parts.filter({ type: 'by-role', roles: ['prefill'] })(request(), endpoint, endpoints)).toBe(true)
  expect(parts.scorer({ type: 'queue-work', saturationTokens: 100 })(request(), endpoint, endpoints)).toBe(0.5)
})

test('hands its random source on', () => {
  const cost = new Float64Array(2)
  parts.picker({ type: 'random' })(Float64Array.of(1, 1), 2, cost)
  expect([...cost]).toEqual([0.25, 0.25])
})

test('an unknown type is refused with the list of known ones', () => {
  expect(() => parts.picker({ type: 'best' })).toThrow(PluginConfigError)
  expect(() => parts.picker({ type: 'best' })).toThrow(
    'unknown picker "best": expected one of max-score, random, weighted-random',
  )
  expect(() => parts.filter({ type: 'max-score' })).toThrow('unknown filter "max-score"')
})
