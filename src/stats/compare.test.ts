import { expect, test } from 'vitest'
import { comparePaired, compareSeeds, compareUnpaired, verdict } from './compare.ts'

function lehmer(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const draw = lehmer(77)
const base = Array.from({ length: 500 }, () => 1 + 9 * draw())

test('an arm a tenth slower everywhere has the ratio 1.1 and nothing else', () => {
  const arm = base.map((value) => value * 1.1)
  const { ratio, interval } = comparePaired(base, arm, lehmer(1))
  for (const name of ['mean', 'p50', 'p90', 'p95', 'p99'] as const) {
    expect(ratio[name]).toBeCloseTo(1.1, 9)
    expect(interval[name].low).toBeCloseTo(1.1, 9)
    expect(interval[name].high).toBeCloseTo(1.1, 9)
  }
  expect(verdict(ratio.mean, [interval.mean])).toBe('higher')
})

test('pairs belong together whatever their order is', () => {
  const noise = lehmer(5)
  const arm = base.map((value) => value * (0.9 + 0.02 * noise()))
  const order = base.map((_, index) => index).sort((a, b) => ((a * 7919) % 500) - ((b * 7919) % 500))
  const shuffled = comparePaired(
    order.map((i) => base[i] ?? 0),
    order.map((i) => arm[i] ?? 0),
    lehmer(1),
  )
  expect(shuffled.ratio).toEqual(comparePaired(base, arm, lehmer(1)).ratio)
  expect(shuffled.interval.mean.low).toBeGreaterThan(0.905)
  expect(shuffled.interval.mean.high).toBeLessThan(0.915)
})

test('without pairs a small difference stays open, a large one does not', () => {
  const other = Array.from({ length: 300 }, () => 1 + 9 * draw())
  const same = compareUnpaired(base, other, lehmer(1))
  expect(verdict(same.ratio.mean, [same.interval.mean])).toBe('no difference')
  const half = compareUnpaired(
    base,
    other.map((value) => value / 2),
    lehmer(1),
  )
  expect(verdict(half.ratio.mean, [half.interval.mean])).toBe('lower')
})

test('pairs of different number are refused', () => {
  expect(() => comparePaired([1], [1, 2], lehmer(1))).toThrow('expected pairs, found 1 and 2 values')
})

test('over seeds the mean of the ratios counts, from two seeds on', () => {
  expect(compareSeeds([1], [2], lehmer(1))).toBeUndefined()
  expect(compareSeeds([1, 2, 4], [2, 4, 8], lehmer(1))).toEqual({ low: 2, high: 2 })
  expect(compareSeeds([1, 0], [2, 0], lehmer(1))).toBeUndefined()
})

test('one open interval leaves the difference open', () => {
  expect(
    verdict(0.9, [
      { low: 0.8, high: 0.95 },
      { low: 0.85, high: 1.02 },
    ]),
  ).toBe('no difference')
  expect(verdict(0.9, [{ low: 0.8, high: 0.95 }, undefined])).toBe('lower')
  expect(verdict(1, [{ low: NaN, high: NaN }])).toBe('no difference')
  expect(verdict(1, [])).toBe('no difference')
})
