import { describe, expect, it } from 'vitest'
import { fleetFixture } from '../core/testing/fleet-fixture.ts'
import { clientRank, otherRanks } from './client-rank.ts'

const body = new TextEncoder().encode('{"routed_dp_rank":12,"n":1}')
const field = { start: 18, end: 20 }

it('the header counts before the field, and what is no rank does not count', () => {
  expect(clientRank('3', body, field)).toBe(3)
  expect(clientRank(undefined, body, field)).toBe(12)
  expect(clientRank('first', body, undefined)).toBeUndefined()
  expect(clientRank(undefined, body, { start: 0, end: 17 })).toBeUndefined()
  expect(clientRank(undefined, body, undefined)).toBeUndefined()
})

describe('a client that asks for a rank', () => {
  const others = (ranks: readonly (number | undefined)[], rank: number) => {
    const { fleet } = fleetFixture(ranks.map((_, i) => `e${i}`))
    const { endpoints } = fleet
    const found = otherRanks(endpoints, rank, (endpoint) => ranks[endpoints.indexOf(endpoint)])
    return 'code' in found ? found.message : [...found].map(({ id }) => id)
  }

  it('cannot be served by others, nor by those of which nobody knows, where some are known to be it', () => {
    expect(others([0, 1, 0, 1, undefined], 1)).toEqual(['e0', 'e2', 'e4'])
  })

  it('can be served by those of which nobody knows, where none is known to be it', () => {
    expect(others([0, 1, undefined], 5)).toEqual(['e0', 'e1'])
    expect(others([undefined, undefined], 0)).toEqual([])
  })

  it('hears which there are, where all are others', () => {
    expect(others([1, 0, 1], 2)).toContain('must be one of 0, 1, but is 2')
  })
})
