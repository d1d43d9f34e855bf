import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { overlay, UNKNOWN_READING, type RankReading } from './engine-reading.ts'
import { sumRanks, UNKNOWN_LOAD } from './sum-ranks.ts'

const unknown = fc.constant(undefined)
const ranks = fc.uniqueArray(
  fc.record({
    rank: fc.nat(7),
    waiting: fc.option(fc.nat(50), { nil: undefined }),
    running: fc.nat(50),
    waitingTokens: fc.option(fc.nat(9000), { nil: undefined }),
    kvUsage: fc.double({ min: 0, max: 1, noNaN: true }),
    kvCapacityTokens: fc.integer({ min: 1, max: 1_000_000 }),
    prefixCacheHitTokens: unknown,
    prefixCacheQueriedTokens: unknown,
  }),
  { minLength: 1, selector: ({ rank }) => rank },
)

describe('ranks together', () => {
  it('hold the tokens that they hold one by one, and are kept in order', () => {
    fc.assert(
      fc.property(ranks, (ranks) => {
        const all = sumRanks(ranks)
        const held = ranks.reduce((sum, { kvUsage, kvCapacityTokens }) => sum + kvUsage * kvCapacityTokens, 0)
        expect((all.kvUsage ?? Number.NaN) * (all.kvCapacityTokens ?? Number.NaN)).toBeCloseTo(held, 4)
        expect(all.running).toBe(ranks.reduce((sum, { running }) => sum + running, 0))
        expect(all.waiting === undefined).toBe(ranks.some(({ waiting }) => waiting === undefined))
        expect(all.waitingTokens === undefined).toBe(ranks.some(({ waitingTokens }) => waitingTokens === undefined))
        expect(all.perRank?.map(({ rank }) => rank)).toEqual(ranks.map(({ rank }) => rank).sort((a, b) => a - b))
      }),
    )
  })

  it('of unknown capacity are taken to be equally large', () => {
    const rank = (rank: number, kvUsage: number): RankReading => ({ ...UNKNOWN_LOAD, rank, kvUsage })
    expect(sumRanks([rank(0, 0.2), rank(1, 0.6)]).kvUsage).toBeCloseTo(0.4)
  })

  it('that are none tell nothing', () => {
    expect(sumRanks([])).toEqual(UNKNOWN_LOAD)
  })
})

describe('one reading on top of another', () => {
  it('adds what it knows and takes nothing away, rank by rank', () => {
    const below = {
      waiting: 3,
      version: '1',
      perRank: [
        { ...UNKNOWN_LOAD, rank: 0, waiting: 3, prefixCacheHitTokens: 9 },
        { ...UNKNOWN_LOAD, rank: 1, waiting: 0 },
      ],
    }
    const above = { waiting: 0, running: 2, perRank: [{ ...UNKNOWN_LOAD, rank: 0, waiting: 0, running: 2 }] }
    expect(overlay(below, above)).toEqual({
      ...UNKNOWN_READING,
      waiting: 0,
      running: 2,
      version: '1',
      perRank: [{ ...UNKNOWN_LOAD, rank: 0, waiting: 0, running: 2, prefixCacheHitTokens: 9 }],
    })
  })
})
