import { expect, test } from 'vitest'
import { createReuseEstimate } from './reuse-estimate.ts'
import { keysOf, request } from './testing/request.ts'

/** A prompt of 64 blocks of 32 tokens that begins with `shared` blocks of another. */
function prompt(seed: number, shared = 0) {
  const contents = Array.from({ length: 64 }, (_, block) => (block < shared ? block : seed * 1000 + block))
  return request({ blocks: keysOf(contents), tokensPerBlock: 32, promptTokens: 2048 })
}

test('is nothing while everything is new', () => {
  const estimate = createReuseEstimate()
  for (let seed = 1; seed < 20; seed++) estimate.note(prompt(seed), 0, 1e6)
  expect(estimate.probability).toBe(0)
})

test('is nothing while what is asked for again is held', () => {
  const estimate = createReuseEstimate()
  for (let round = 0; round < 20; round++) estimate.note(prompt(1), round === 0 ? 0 : 2048, 1e6)
  expect(estimate.probability).toBe(0)
})

test('nears 1 where every prompt comes again after nobody holds it any more', () => {
  const estimate = createReuseEstimate()
  for (let round = 0; round < 400; round++) estimate.note(prompt(round % 4), 0, 1e6)
  expect(estimate.probability).toBeGreaterThan(0.95)
})

test('counts the share that comes again', () => {
  const estimate = createReuseEstimate()
  for (let seed = 1; seed < 400; seed++) estimate.note(prompt(seed, 32), 0, 1e9)
  expect(estimate.probability).toBeCloseTo(0.5, 1)
})

test('does not count what comes later than the window', () => {
  const estimate = createReuseEstimate()
  for (let round = 0; round < 400; round++) estimate.note(prompt(round % 10), 0, 5 * 2048)
  expect(estimate.probability).toBe(0)
})
