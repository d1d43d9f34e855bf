import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { percentile } from './percentile.ts'
import { sortedStatistics, statistics } from './summary.ts'

// Adding 0 turns -0 into 0, which sorting tells apart and comparing does not.
const number = fc.double({ min: -1000, max: 1000, noNaN: true }).map((value) => value + 0)
const values = fc.array(number, { minLength: 1, maxLength: 50 })

test('the nearest rank is rounded up', () => {
  const sorted = Float64Array.of(10, 20, 30, 40, 50)
  expect([1, 20, 20.1, 50, 90, 100].map((percent) => percentile(sorted, percent))).toEqual([10, 10, 20, 30, 50, 50])
  expect(
    percentile(
      Float64Array.from({ length: 100 }, (_, i) => i + 1),
      29,
    ),
  ).toBe(29)
  expect(() => percentile(new Float64Array(0), 50)).toThrow('at least one value')
})

test('a percentile is the smallest value with enough values at or below it', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 100 }), (list, percent) => {
      const enough = (limit: number) => list.filter((value) => value <= limit).length * 100 >= percent * list.length
      const expected = Math.min(...list.filter(enough))
      expect(percentile(Float64Array.from(list).sort(), percent)).toBe(expected)
    }),
  )
})

test('statistics agree with percentiles and the plain mean', () => {
  fc.assert(
    fc.property(values, (list) => {
      const sorted = Float64Array.from(list).sort()
      const found = statistics(list)
      expect(found.mean).toBeCloseTo(list.reduce((sum, value) => sum + value, 0) / list.length, 6)
      expect([found.p50, found.p90, found.p95, found.p99]).toEqual([50, 90, 95, 99].map((p) => percentile(sorted, p)))
    }),
  )
})

test('counts stand for repeated values', () => {
  const sorted = Float64Array.of(1, 2, 3, 4)
  const counts = Uint32Array.of(0, 3, 0, 2)
  expect(sortedStatistics(sorted, counts, 5)).toEqual(statistics([2, 2, 2, 4, 4]))
})

test('nothing measured gives no figure', () => {
  expect(statistics([])).toEqual({ mean: NaN, p50: NaN, p90: NaN, p95: NaN, p99: NaN })
})
