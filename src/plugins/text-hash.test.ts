import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashText, mixHashes } from './text-hash.ts'

test('hashes are unsigned 32-bit integers and the same on every call', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const mixed = mixHashes(hashText(a), hashText(b))
      expect(mixed).toBe(mixHashes(hashText(a), hashText(b)))
      expect(mixed >>> 0).toBe(mixed)
    }),
  )
})

test('numbered names fill the range evenly', () => {
  const buckets = Array.from({ length: 16 }, () => 0)
  for (let i = 0; i < 16_000; i++) {
    const bucket = hashText(`session-${i}`) >>> 28
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  // 1000 expected per bucket, standard deviation about 31
  expect(Math.min(...buckets)).toBeGreaterThan(850)
  expect(Math.max(...buckets)).toBeLessThan(1150)
})

test('mixing tells its arguments apart', () => {
  expect(mixHashes(1, 2)).not.toBe(mixHashes(2, 1))
  expect(mixHashes(1, 2)).not.toBe(mixHashes(1, 3))
})
