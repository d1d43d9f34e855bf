import { expect, test } from 'vitest'
import { createRandom } from '../workload/random.ts'
import { arePaired, compareArms } from './matrix-compare.ts'
import { summarizeArm } from './summarize-simulation.ts'
import { runOf, simulatedRequest } from './testing/run-columns.ts'

const seeds = [1, 2, 3]

/** A run per seed whose times differ a lot from request to request. */
function runs(factor: number, noise = 0, cachedTokens = 100) {
  return seeds.map((seed) => {
    const random = createRandom(seed)
    return runOf(
      Array.from({ length: 300 }, (_, index) =>
        simulatedRequest({
          arrival: index,
          cachedTokens,
          ttft: factor * (-Math.log(1 - random()) * 10 + noise * (index % 2 === 0 ? 1 : -1)),
        }),
      ),
    )
  })
}

const compare = (base: ReturnType<typeof runs>, arm: ReturnType<typeof runs>, paired: boolean) =>
  compareArms(summarizeArm(base, [], 1), summarizeArm(arm, [], paired ? 1 : 2), paired)

test('an arm with equal times makes no difference', () => {
  const { ttft, cachedShare } = compare(runs(1), runs(1), true)
  expect(ttft?.mean).toEqual({ value: 1, requests: [1, 1], seeds: [1, 1], verdict: 'no difference' })
  expect(cachedShare).toEqual({ value: 1, requests: null, seeds: [1, 1], verdict: 'no difference' })
})

test('pairing finds a difference of 3 % that samples of the same size do not', () => {
  const paired = compare(runs(1), runs(0.97), true).ttft?.mean
  expect(paired?.verdict).toBe('lower')
  expect(paired?.value).toBeCloseTo(0.97)
  expect(paired?.requests?.[1]).toBeLessThan(0.98)
  expect(compare(runs(1), runs(0.97), false).ttft?.mean.verdict).toBe('no difference')
})

test('noise of the size of the difference leaves it open', () => {
  const { ttft } = compare(runs(1), runs(0.995, 3), true)
  expect(ttft?.mean.verdict).toBe('no difference')
  expect(ttft?.mean.requests?.[0]).toBeLessThan(1)
})

test('a figure whose baseline is zero has no ratio', () => {
  expect(compare(runs(1, 0, 0), runs(1), true).cachedShare).toEqual({
    value: null,
    requests: null,
    seeds: null,
    verdict: 'unknown',
  })
})

test('runs are paired when the same requests came at the same times', () => {
  expect(arePaired(runs(1), runs(2))).toBe(true)
  expect(arePaired(runs(1), runs(1).slice(0, 2))).toBe(false)
  const later = [runOf([simulatedRequest({ arrival: 1 })])]
  expect(arePaired([runOf([simulatedRequest()])], later)).toBe(false)
  expect(arePaired([runOf([simulatedRequest()])], [runOf([simulatedRequest({ promptTokens: 3 })])])).toBe(false)
})
