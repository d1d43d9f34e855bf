import { expect, test } from 'vitest'
import { createRandom, hashText, mixBits } from './random.ts'

test('a seed gives the same numbers again, another seed others', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed))
  expect(draw(17)).toEqual(draw(17))
  expect(draw(17)).not.toEqual(draw(18))
})

test('numbers are uniform in [0, 1)', () => {
  const random = createRandom(1)
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 20_000; i++) {
    const value = random()
    expect(value >= 0 && value < 1).toBe(true)
    const bucket = Math.floor(value * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  // 2,000 expected in each; 5 standard deviations of a binomial are 212.
  for (const count of buckets) expect(Math.abs(count - 2000)).toBeLessThan(212)
})

test('mixing keeps distinct numbers distinct', () => {
  expect(new Set(Array.from({ length: 10_000 }, (_, i) => mixBits(i))).size).toBe(10_000)
})

test('texts have a fixed hash', () => {
  expect(hashText('text  1')).not.toBe(hashText('text  2'))
  expect(hashText('')).toBe(mixBits(0x811c9dc5))
})
