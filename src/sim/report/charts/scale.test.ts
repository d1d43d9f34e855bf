import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseScale, linearScale, logScale, tickText, zoomedScale } from './scale.ts'

test('linear scales begin at zero and have round ticks', () => {
  const scale = chooseScale([3, 9.4], 0, 100)
  expect(scale.ticks).toEqual([0, 2, 4, 6, 8])
  expect([scale.at(0), scale.at(4.7), scale.at(9.4)]).toEqual([0, 50, 100])
})

test('values far apart get a logarithmic scale', () => {
  const scale = chooseScale([0.1, 100], 0, 300)
  expect(scale.isLog).toBe(true)
  expect(scale.at(1) - scale.at(0.1)).toBeCloseTo(scale.at(10) - scale.at(1))
  expect(logScale(0.1, 100, 0, 300).at(0)).toBe(0)
})

test('values close together are drawn without the zero, others with it', () => {
  expect(zoomedScale([10, 11], 0, 100).ticks[0]).toBeGreaterThan(9)
  expect(zoomedScale([10, 30], 0, 100).ticks[0]).toBe(0)
})

test('any values land inside of the pixels, in order, with ticks inside too', () => {
  const value = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
      for (const scale of [chooseScale(values, 50, 350), zoomedScale(values, 50, 350)]) {
        const places = values.toSorted((a, b) => a - b).map((one) => scale.at(one))
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        for (const place of [...places, ...scale.ticks.map((tick) => scale.at(tick))]) {
          expect(place).toBeGreaterThanOrEqual(49.9)
          expect(place).toBeLessThanOrEqual(350.1)
        }
        expect(scale.ticks.length).toBeLessThan(16)
      }
    }),
  )
})

test('nothing to draw still has an axis', () => {
  expect(chooseScale([], 0, 10).ticks.length).toBeGreaterThan(1)
  expect(linearScale(0, 0, 0, 10).at(0)).toBe(0)
})

test('ticks have no digits that say nothing', () => {
  expect([0, 0.30000000000000004, 2000, 0.0005].map(tickText)).toEqual(['0', '0.3', '2000', '5e-4'])
})
