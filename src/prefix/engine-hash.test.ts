import { expect, test } from 'vitest'
import { HashWords } from './engine-hash.ts'

function wordsOf(hash: bigint | string): string {
  const words = new HashWords()
  words.read(hash)
  return `${words.low} ${words.high} ${words.top}`
}

test('no bit of a 64-bit hash is lost, and signed and unsigned forms are the same', () => {
  const seen = new Set<string>()
  for (let bit = 0n; bit < 64n; bit++) seen.add(wordsOf(1n << bit))
  expect(seen.size).toBe(64)
  expect(wordsOf(-1n)).toBe(wordsOf(0xffff_ffff_ffff_ffffn))
  expect(wordsOf(-3488128144981237669n)).toBe(wordsOf(2n ** 64n - 3488128144981237669n))
  expect(wordsOf(0x8000_0000_0000_0001n)).not.toBe(wordsOf(0x8000_0000_0000_0000n))
})

test('of longer digests 96 bits count', () => {
  const digest = 0xc9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cbn
  expect(wordsOf(digest)).not.toBe(wordsOf(digest & 0xffff_ffff_ffff_ffffn))
  expect(wordsOf(digest ^ (1n << 95n))).not.toBe(wordsOf(digest))
})

test('text is told apart by every character', () => {
  const text = 'c9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cb'
  const seen = new Set([wordsOf(text)])
  for (let at = 0; at < text.length; at++) seen.add(wordsOf(`${text.slice(0, at)}x${text.slice(at + 1)}`))
  expect(seen.size).toBe(65)
})
