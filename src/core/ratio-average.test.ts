import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RatioAverage } from './ratio-average.ts'

/** The definition: all that was ever observed, each with its weight by age. */
function slowly(history: readonly (readonly [number, number])[], memory: number): (number | undefined)[] {
  const counted: (readonly [number, number])[] = []
  const ratioOf = () => {
    const weigh = (part: 0 | 1) =>
      counted.reduce((sum, one, i) => sum + one[part] * (1 - 1 / memory) ** (counted.length - 1 - i), 0)
    return counted.length < 3 ? undefined : weigh(0) / weigh(1)
  }
  return history.map(([observed, expected]) => {
    const usual = ratioOf()
    counted.push([usual === undefined ? observed : Math.min(observed, 10 * Math.max(0.1, usual) * expected), expected])
    return ratioOf()
  })
}

describe('RatioAverage', () => {
  it('is unknown until the third observation', () => {
    const ratio = new RatioAverage()
    ratio.observe(2, 1)
    ratio.observe(2, 1)
    expect(ratio.value).toBeUndefined()
    ratio.observe(2, 1)
    expect(ratio.value).toBeCloseTo(2, 12)
  })

  it('lets long observations count more than short ones', () => {
    const ratio = new RatioAverage(1e9)
    for (const [observed, expected] of [
      [10, 10],
      [0.3, 0.1],
      [0.3, 0.1],
    ] as const)
      ratio.observe(observed, expected)
    expect(ratio.value).toBeCloseTo(10.6 / 10.2, 6)
  })

  it('ignores what is no time', () => {
    const ratio = new RatioAverage()
    for (let i = 0; i < 3; i++) ratio.observe(2, 1)
    const nonsense = [
      [-1, 1],
      [1, 0],
      [1, -1],
      [Number.NaN, 1],
      [1, Number.NaN],
      [Infinity, 1],
      [1, Infinity],
    ] as const
    for (const [observed, expected] of nonsense) ratio.observe(observed, expected)
    expect(ratio.value).toBeCloseTo(2, 12)
  })

  it('is the ratio of what is remembered, by its definition', () => {
    const time = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(time, time), { maxLength: 40 }),
        fc.integer({ min: 2, max: 50 }),
        (history, memory) => {
          const ratio = new RatioAverage(memory)
          const values = history.map(([observed, expected]) => {
            ratio.observe(observed, expected)
            return ratio.value
          })
          const expected = slowly(history, memory)
          for (const [i, value] of values.entries()) {
            if (value === undefined) expect(expected[i]).toBeUndefined()
            else expect(value / (expected[i] ?? Number.NaN)).toBeCloseTo(1, 9)
          }
        },
      ),
    )
  })

  it('is moved by less than two fifths by one outlier, however far off, and forgets it', () => {
    const usually = fc.double({ min: 0.2, max: 1e3, noNaN: true })
    const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
    fc.assert(
      fc.property(usually, positive, fc.double({ min: 0, max: 1e9, noNaN: true }), (usual, expected, outlier) => {
        const ratio = new RatioAverage()
        const settle = () => {
          for (let i = 0; i < 100; i++) ratio.observe(usual * expected, expected)
        }
        settle()
        ratio.observe(outlier, expected)
        expect((ratio.value ?? Number.NaN) / usual).toBeLessThan(1.4)
        expect((ratio.value ?? Number.NaN) / usual).toBeGreaterThan(0.95)
        settle()
        expect((ratio.value ?? Number.NaN) / usual).toBeCloseTo(1, 1)
      }),
    )
  })

  it('follows a change that stays', () => {
    const ratio = new RatioAverage()
    for (let i = 0; i < 1000; i++) ratio.observe(1, 1)
    for (let i = 0; i < 100; i++) ratio.observe(4, 1)
    expect(ratio.value).toBeGreaterThan(3.8)
  })
})
