import { expect, test } from 'vitest'
import { createRandom } from '../workload/random.ts'
import { bootstrapStatistics } from './bootstrap.ts'
import { comparePaired } from './compare.ts'
import { createSample, intervalOf, ratioInterval, resample } from './resample.ts'
import { statisticNames } from './summary.ts'

const random = createRandom(7)
const base = Array.from({ length: 60 }, () => -Math.log(1 - random()))
const arm = base.map((value) => value * (0.8 + 0.3 * random()))

test('intervals are those of the plain bootstrap over requests', () => {
  const sorted = Float64Array.from(base).sort()
  const [figures] = resample([createSample(sorted)], sorted.length, createRandom(3))
  const plain = bootstrapStatistics([...sorted], createRandom(3))
  for (const name of statisticNames) expect(intervalOf(figures![name])).toEqual(plain[name])
})

test('ratios of arms that were resampled apart with equal draws are those of the paired comparison', () => {
  const [ofBase] = resample([createSample(Float64Array.from(base))], base.length, createRandom(3))
  const [, ofArm] = resample(
    [base, arm].map((v) => createSample(Float64Array.from(v))),
    base.length,
    createRandom(3),
  )
  const paired = comparePaired(base, arm, createRandom(3)).interval
  for (const name of statisticNames) expect(ratioInterval(ofBase![name], ofArm![name])).toEqual(paired[name])
})

test('a unit without a value counts for nothing', () => {
  const [figures] = resample([createSample(Float64Array.of(Number.NaN, 2, 2))], 3, createRandom(1))
  expect(intervalOf(figures!.mean)).toEqual({ low: 2, high: 2 })
  const [none] = resample([createSample(Float64Array.of(Number.NaN))], 1, createRandom(1))
  expect(intervalOf(none!.mean)).toBeUndefined()
})
