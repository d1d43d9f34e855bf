import { expect, test } from 'vitest'
import { probeBytes, probePrompt } from './probe-prompt.ts'

test('a prompt follows from its nonce, and another nonce shares nothing', () => {
  const one = probePrompt('abc', 4000)
  expect(probePrompt('abc', 4000)).toBe(one)
  expect(one.length).toBeGreaterThanOrEqual(4000)
  expect(one.length).toBeLessThan(4020)
  expect(probePrompt('abd', 4000).slice(3, 60)).not.toBe(one.slice(3, 60))
})

test('a prompt fits into the context at one token a byte, and fills large blocks', () => {
  expect(probeBytes(undefined, undefined)).toBe(4000)
  expect(probeBytes(16, 131_072)).toBe(4000)
  expect(probeBytes(16, 4096)).toBe(2048)
  expect(probeBytes(1056, 131_072)).toBe(3 * 1056 * 4)
})
