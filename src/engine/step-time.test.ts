import { expect, test } from 'vitest'
import type { EngineProfile } from './profile.ts'
import { profileNamed } from './profiles.ts'
import { stepSeconds } from './step-time.ts'

const dense: EngineProfile = {
  name: 'dense',
  rates: {
    prefillBase: 1,
    prefillPerToken: 0.01,
    prefillPerPair: 0.001,
    decodeBase: 2,
    decodePerSequence: 0.1,
    decodePerKvToken: 0.0001,
    overhead: 0.5,
  },
  kvTokens: 1000,
  blockSize: 4,
  maxBatchedTokens: 100,
  maxSequences: 10,
}

test('a pure decode step costs base, sequences, KV reads and overhead', () => {
  expect(stepSeconds(dense, 0, 0, 3, 2000)).toBeCloseTo(2 + 0.3 + 0.2 + 0.5, 12)
})

test('a small prefill hides behind the weights that decoding reads anyway, its attention does not', () => {
  // 50 tokens behind 20: 50 * (20 + 25) = 2250 pairs; 1 + 0.5 < 2.
  expect(stepSeconds(dense, 50, 2250, 3, 2000)).toBeCloseTo(2 + 2.25 + 0.3 + 0.2 + 0.5, 12)
})

test('a large prefill is the longer one', () => {
  expect(stepSeconds(dense, 300, 0, 0, 0)).toBeCloseTo(1 + 3 + 0.5, 12)
})

test('Qwen3-32B on two H100 prefills 8192 tokens in 5.32 + 392.4 + 54.4 + 1.5 ms', () => {
  const seconds = stepSeconds(profileNamed('qwen3-32b-tp2-h100'), 8192, 8192 * 4096, 0, 0)
  expect(seconds).toBeCloseTo(0.453575, 6)
})

test('a mixture of experts decodes as measured at the entries of its table and on the line between them', () => {
  const mixture = profileNamed('qwen3-30b-a3b-h100')
  const at = (batch: number): number => stepSeconds(mixture, 0, 0, batch, batch * 4096) * 1e3 - 1.5
  expect([1, 2, 64, 256].map(at)).toEqual([4.9, 6.2, 32.3, 61.8].map((step) => expect.closeTo(step, 9)))
  expect(at(3)).toBeCloseTo((6.2 + 8.6) / 2, 9)
})

test('a mixture pays for reading all experts only when it prefills', () => {
  const mixture = profileNamed('qwen3-30b-a3b-h100')
  expect(stepSeconds(mixture, 64, 64 * 32, 0, 0) * 1e3).toBeCloseTo(21.1 + 0.7296 + 0.00247808 + 1.5, 9)
})
