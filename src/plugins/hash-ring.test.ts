import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHashRing } from './hash-ring.ts'
import { hashText, mixHashes } from './text-hash.ts'

const endpointsOf = (ids: readonly string[]) => ids.map((id, slot) => ({ id, slot }))

function orderOn(ring: ReturnType<typeof createHashRing>, key: number, endpoints: ReturnType<typeof endpointsOf>) {
  const into = new Int32Array(endpoints.length)
  ring.order(key, endpoints, into)
  return [...into].map((place) => endpoints[place]?.id)
}

const pools = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 })

test('agrees with sorting all points by their distance from the key, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(pools, fc.nat(2 ** 32 - 1)), { minLength: 1, maxLength: 6 }), (questions) => {
      const ring = createHashRing(16)
      for (const [ids, key] of questions) {
        const points = ids.flatMap((id) =>
          Array.from({ length: 16 }, (_, replica) => ({ id, hash: mixHashes(hashText(id), replica) })),
        )
        const distance = (hash: number) => (hash >= key ? hash - key : hash - key + 2 ** 32)
        const model = new Set(points.toSorted((a, b) => distance(a.hash) - distance(b.hash)).map(({ id }) => id))
        expect(orderOn(ring, key, endpointsOf(ids))).toEqual([...model])
      }
    }),
  )
})

test('with 256 points each, keys spread evenly', () => {
  const ring = createHashRing(256)
  const endpoints = endpointsOf(['a', 'b', 'c', 'd'])
  const counts = new Map<string | undefined, number>()
  for (let i = 0; i < 4000; i++) {
    const home = orderOn(ring, hashText(`key-${i}`), endpoints)[0]
    counts.set(home, (counts.get(home) ?? 0) + 1)
  }
  expect(Math.min(...counts.values())).toBeGreaterThan(750)
  expect(Math.max(...counts.values())).toBeLessThan(1250)
})
