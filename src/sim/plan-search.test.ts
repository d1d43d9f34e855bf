import fc from 'fast-check'
import { expect, test } from 'vitest'
import { searchReplicas } from './plan-search.ts'

async function search(limit: number, needed: number) {
  const tried: number[] = []
  const found = await searchReplicas(limit, async (replicas) => {
    tried.push(replicas)
    return { replicas, isMet: replicas >= needed }
  })
  return { met: found.met?.replicas, missed: found.missed?.replicas, tried }
}

test('finds the fewest endpoints as a search one by one would, in few steps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 120 }), async (limit, needed) => {
      const { met, missed, tried } = await search(limit, needed)
      const isMet = needed <= limit
      expect(met).toBe(isMet ? needed : undefined)
      expect(missed).toBe(isMet ? (needed > 1 ? needed - 1 : undefined) : limit)
      expect(new Set(tried).size).toBe(tried.length)
      expect(tried.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(limit + 1)) + 1)
    }),
  )
})
