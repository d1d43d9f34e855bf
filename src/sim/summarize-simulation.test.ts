import { expect, test } from 'vitest'
import { QUANTILE_LEVELS, summarizeArm } from './summarize-simulation.ts'
import { runOf, simulatedRequest } from './testing/run-columns.ts'

const slos = [{ ttft: 2, tpot: 0.025 }]
const request = simulatedRequest

test('figures of two seeds: requests pooled for times, means over seeds for the rest', () => {
  const first = runOf([request({ ttft: 1, e2e: 4 }), request({ ttft: 3, arrival: 6, e2e: 4 })], { sent: [3, 1] })
  const second = runOf([request({ ttft: 5, cachedTokens: 750 }), request({ ttft: 7, cachedTokens: 750 })], {
    sent: [2, 2],
  })
  const { summary } = summarizeArm([first, second], slos, 1)
  expect(summary.requests).toBe(4)
  expect(summary.ttft?.mean.value).toBe(4)
  expect(summary.ttft?.p50.value).toBe(3)
  expect(summary.ttft?.mean.seeds).toEqual([2, 6])
  expect(summary.ttft?.mean.requests?.[0]).toBeGreaterThanOrEqual(1)
  expect(summary.cachedShare.value).toBe(0.5)
  expect(summary.busiestShare.value).toBe(0.625)
  expect(summary.requestsPerSecond.value).toBeCloseTo((2 / 10 + 2 / 1) / 2)
  expect(summary.outputTokensPerSecond.value).toBeCloseTo((20 / 10 + 20) / 2)
  expect(summary.goodput).toEqual([{ ttft: 2, tpot: 0.025, share: { value: 0.25, seeds: [0, 0.5] } }])
})

test('the length-scaled limit grows with the prompt', () => {
  const run = runOf([
    request({ promptTokens: 16_000, ttft: 1.99 }),
    request({ promptTokens: 16_000, ttft: 2.01 }),
    request({ promptTokens: 1000, ttft: 1.99 }),
    request({ promptTokens: 1000, ttft: 1.06 }),
  ])
  expect(summarizeArm([run], [], 1).summary.lengthScaledGoodput.value).toBe(0.5)
})

test('single tokens have no TPOT and keep its limit; unfinished requests keep none', () => {
  const single = request({ outputTokens: 1, tpot: Number.NaN })
  const lost = request({ ttft: Number.NaN, tpot: Number.NaN, e2e: Number.NaN })
  const { summary } = summarizeArm([runOf([single, lost])], slos, 1)
  expect(summary.unfinished).toBe(1)
  expect(summary.tpot).toBeNull()
  expect(summary.ttft?.mean).toEqual({ value: 0.1, requests: [0.1, 0.1], seeds: null })
  expect(summary.goodput[0]?.share.value).toBe(0.5)
})

test('quantiles begin with the smallest value and end with the largest', () => {
  const run = runOf(Array.from({ length: 50 }, (_, index) => request({ ttft: index + 1 })))
  const { ttftQuantiles } = summarizeArm([run], [], 1).summary
  expect(ttftQuantiles).toHaveLength(QUANTILE_LEVELS.length)
  expect([ttftQuantiles[0], ttftQuantiles[QUANTILE_LEVELS.indexOf(0.5)], ttftQuantiles.at(-1)]).toEqual([1, 25, 50])
})
