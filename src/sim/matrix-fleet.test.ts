import { expect, test } from 'vitest'
import { profileNamed } from '../engine/profiles.ts'
import type { Cell } from './matrix-cells.ts'
import { endpointsOf } from './matrix-fleet.ts'

const cell: Cell = {
  profile: 'qwen3-32b-tp2-h100',
  replicas: 2,
  kvTokens: 300_000,
  hostTokens: 7,
  speed: 1,
  view: { kind: 'exact' },
  routers: 1,
}
const always = { joinsAt: 0, leavesAt: Infinity, outages: [] }
const truth = profileNamed('qwen3-32b-tp2-h100')

test('without a fleet, equal endpoints of the cell', () => {
  const endpoints = endpointsOf(cell, undefined)
  expect(endpoints.map(({ id }) => id)).toEqual(['e1', 'e2'])
  expect(endpoints[1]).toMatchObject({ profile: { ...truth, kvTokens: 300_000 }, hostTokens: 7, outages: [] })
  expect(endpoints[0]).not.toHaveProperty('believed')
})

test('a fleet file decides, and the cell fills in what it leaves out', () => {
  const endpoints = endpointsOf(cell, {
    name: 'f',
    endpoints: [
      { id: 'fast', count: 2, profile: 'qwen3-32b-tp2-h200', ...always },
      { id: 'slow', count: 1, slow: 2, believed: {}, ...always, outages: [{ from: 1, to: 2 }] },
      { count: 1, kvTokens: 5000, ...always, joinsAt: 60 },
    ],
  })
  expect(endpoints.map(({ id }) => id)).toEqual(['fast-1', 'fast-2', 'slow', 'e4'])
  expect(endpoints[0]?.profile).toEqual(profileNamed('qwen3-32b-tp2-h200'))
  expect(endpoints[2]?.profile.rates.prefillPerToken).toBe(2 * truth.rates.prefillPerToken)
  expect(endpoints[2]?.believed).toEqual({ ...truth, kvTokens: 300_000 })
  expect(endpoints[2]?.outages).toEqual([{ from: 1, to: 2 }])
  expect(endpoints[3]).toMatchObject({ profile: { kvTokens: 5000 }, joinsAt: 60 })
})

test('a table of decode times is slowed down with the rates', () => {
  const [endpoint] = endpointsOf(cell, {
    name: 'f',
    endpoints: [{ count: 1, profile: 'qwen3-30b-a3b-h100', slow: 3, ...always }],
  })
  const table = profileNamed('qwen3-30b-a3b-h100').decodeTable
  expect(endpoint?.profile.decodeTable?.[4]).toBe(3 * (table?.[4] ?? Number.NaN))
})
