import { expect, test } from 'vitest'
import { DEFAULT_PROFILE, PROFILE_NAMES, profileNamed } from './profiles.ts'
import { stepSeconds } from './step-time.ts'

test('rates are in seconds', () => {
  const { rates, kvTokens } = profileNamed(DEFAULT_PROFILE)
  expect(rates.prefillBase).toBeCloseTo(0.00532, 15)
  expect(rates.prefillPerToken).toBeCloseTo(0.0000479, 15)
  expect(rates.prefillPerPair).toBeCloseTo(1.62e-9, 20)
  expect(rates.decodeBase).toBeCloseTo(0.0136, 15)
  expect(rates.decodePerSequence).toBeCloseTo(0.0000273, 15)
  expect(rates.decodePerKvToken).toBeCloseTo(4.38e-8, 20)
  expect(rates.overhead).toBeCloseTo(0.0015, 15)
  expect(kvTokens).toBe(287_000)
})

// The tables' own time for a prompt of 8192 tokens, in ms, without host overhead.
test.each([
  ['llama-3.1-8b-a100', 562],
  ['llama-3.1-8b-h100', 200],
  ['qwen2.5-7b-h100', 187],
  ['qwen2.5-14b-a100', 991],
  ['qwen2.5-32b-tp2-h100', 462],
  ['qwen3-32b-fp8-h100', 597],
  ['qwen3-32b-fp8-tp2-h100', 354],
  ['qwen3-30b-a3b-a100', 505],
  ['qwen3-30b-a3b-h100', 158],
  ['llama-3-70b-tp4-h100', 578],
  ['llama-3-70b-tp8-a100', 818],
])('%s prefills 8192 tokens within a tenth of the measured time', (name, milliseconds) => {
  const seconds = stepSeconds(profileNamed(name), 8192, 8192 * 4096, 0, 0) - 0.0015
  expect(Math.abs(seconds * 1e3 - milliseconds) / milliseconds).toBeLessThan(0.1)
})

test('every profile has positive rates and room for a context', () => {
  for (const name of PROFILE_NAMES) {
    const profile = profileNamed(name)
    expect(Object.values(profile.rates).every((rate) => rate > 0)).toBe(true)
    expect(profile.decodeTable?.every((step) => step > 0)).not.toBe(false)
    expect(profile.kvTokens).toBeGreaterThanOrEqual(20_000)
  }
})

test('an unknown name is answered with the known ones', () => {
  expect(() => profileNamed('gpt-5')).toThrow(/no engine profile 'gpt-5': choose one of .*qwen3-32b-tp2-h100/)
})
