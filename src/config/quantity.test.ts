import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DURATION, formatQuantity, parseQuantity, SIZE, TOKENS } from './quantity.ts'

describe('parseQuantity', () => {
  test.each([
    [DURATION, 5, 5],
    [DURATION, '5', 5],
    [DURATION, '5s', 5],
    [DURATION, '250ms', 0.25],
    [DURATION, '0.5h', 1800],
    [DURATION, '2h', 7200],
    [DURATION, '1h30m', 5400],
    [DURATION, '1d 2h', 93_600],
    [SIZE, '32MiB', 33_554_432],
    [SIZE, '64MB', 64_000_000],
    [SIZE, '1.5 KiB', 1536],
    [SIZE, '0.5B', 1],
    [SIZE, 100, 100],
    [TOKENS, '300k', 300_000],
    [TOKENS, '1M', 1_000_000],
    [TOKENS, '1.5k', 1500],
  ])('%o reads %s as %d', (kind, written, value) => {
    expect(parseQuantity(kind, written)).toBe(value)
  })

  test.each([
    [DURATION, ''],
    [DURATION, 's'],
    [DURATION, '-5s'],
    [DURATION, -5],
    [DURATION, '5S'],
    [DURATION, '5 parsecs'],
    [DURATION, '1h 30'],
    [DURATION, Number.NaN],
    [DURATION, Number.POSITIVE_INFINITY],
    [DURATION, '5s!'],
    [DURATION, '5constructor'],
    [SIZE, '32M'],
    [SIZE, '1MiB1KiB'],
    [TOKENS, '300m'],
  ])('%o refuses %s', (kind, written) => {
    expect(parseQuantity(kind, written)).toBeUndefined()
  })
})

describe('formatQuantity', () => {
  test.each([
    [DURATION, 5400, '90m'],
    [DURATION, 0.25, '250ms'],
    [DURATION, 0, 0],
    [SIZE, 33_554_432, '32MiB'],
    [SIZE, 64_000_001, 64_000_001],
    [TOKENS, 300_000, '300k'],
  ])('%o writes %d as %s', (kind, value, written) => {
    expect(formatQuantity(kind, value)).toBe(written)
  })

  test('what it writes is read back as the same number', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(DURATION, SIZE, TOKENS),
        fc.nat({ max: 1e9 }),
        fc.nat({ max: 3 }),
        (kind, n, digits) => {
          const value = kind.whole ? n : n / 10 ** digits
          expect(parseQuantity(kind, formatQuantity(kind, value))).toBe(value)
        },
      ),
    )
  })
})
