import { expect, test } from 'vitest'
import { bootstrapMean, bootstrapStatistics } from './bootstrap.ts'
import { statistics } from './summary.ts'

/** A seeded source for the tests (Lehmer's generator). */
function lehmer(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const random = lehmer(12_345)
const exponential = Array.from({ length: 2000 }, () => -Math.log(1 - random()))

test('the interval of a mean has the width that theory gives it', () => {
  const { mean } = bootstrapStatistics(exponential, lehmer(1))
  // An exponential of mean 1 has standard deviation 1, so 95 % lie within 1.96 / sqrt(n).
  const half = 1.96 / Math.sqrt(exponential.length)
  const centre = statistics(exponential).mean
  expect(Math.abs(mean.low - (centre - half))).toBeLessThan(half * 0.2)
  expect(Math.abs(mean.high - (centre + half))).toBeLessThan(half * 0.2)
})

test('the interval of a median has the width that theory gives it', () => {
  const { p50 } = bootstrapStatistics(exponential, lehmer(1))
  // Standard error of a quantile q: sqrt(q (1 - q) / n) / density; the density at the median is 0.5.
  const half = (1.96 * Math.sqrt(0.25 / exponential.length)) / 0.5
  expect((p50.high - p50.low) / (2 * half)).toBeGreaterThan(0.75)
  expect((p50.high - p50.low) / (2 * half)).toBeLessThan(1.3)
})

test('about 95 of 100 intervals hold the truth', () => {
  const draw = lehmer(99)
  let held = 0
  for (let i = 0; i < 100; i++) {
    const sample = Array.from({ length: 100 }, () => -Math.log(1 - draw()))
    const { mean } = bootstrapStatistics(sample, draw)
    if (mean.low <= 1 && mean.high >= 1) held++
  }
  expect(held).toBeGreaterThanOrEqual(85)
  expect(held).toBeLessThan(100)
})

test('the same seed gives the same interval', () => {
  expect(bootstrapStatistics([1, 2, 3], lehmer(7))).toEqual(bootstrapStatistics([1, 2, 3], lehmer(7)))
})

test('over seeds there is an interval from two on, within the figures', () => {
  expect(bootstrapMean([1], lehmer(1))).toBeUndefined()
  expect(bootstrapMean([1, 3], lehmer(1))).toEqual({ low: 1, high: 3 })
  expect(bootstrapMean([2, 2, 2], lehmer(1))).toEqual({ low: 2, high: 2 })
})
