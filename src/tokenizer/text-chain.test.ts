import { describe, expect, it } from 'vitest'
import { TextChain } from './text-chain.ts'

function stateOf(parts: readonly string[], seed: readonly [number, number] = [1, 2]): string {
  const chain = new TextChain(...seed)
  for (const part of parts) chain.update(part, 0, part.length)
  return `${chain.key} ${chain.high}`
}

describe('a chain over a text', () => {
  it('follows from the text, its cuts and its seeds', () => {
    const text = 'A conversation, so far.'
    expect(stateOf([text])).toBe(stateOf([text]))
    expect(stateOf([text.slice(0, 5), text.slice(5)])).not.toBe(stateOf([text]))
    expect(stateOf([text.slice(0, 6), text.slice(6)])).not.toBe(stateOf([text.slice(0, 5), text.slice(5)]))
    expect(stateOf([text], [1, 3])).not.toBe(stateOf([text]))
    expect(stateOf([text], [3, 2])).not.toBe(stateOf([text]))
    const chain = new TextChain(1, 2)
    chain.update(`xx${text}yy`, 2, 2 + text.length)
    expect(`${chain.key} ${chain.high}`).toBe(stateOf([text]))
  })

  it('tells apart every change of one code unit, and texts of one letter by their length', () => {
    const seen = new Set<string>()
    const base = 'the quick brown fox jumps over it'
    for (let at = 0; at < base.length; at++) {
      for (const unit of ['\u0000', 'x', 'é', '\ud83d', '中']) {
        seen.add(stateOf([base.slice(0, at) + unit + base.slice(at + 1)]))
      }
    }
    // One of the replacements is the letter that stands there already.
    expect(seen.size).toBe(5 * base.length)
    const lengths = Array.from({ length: 2000 }, (_, length) => stateOf(['\u0000'.repeat(length)]))
    expect(new Set(lengths).size).toBe(2000)
  })

  it('has keys that a double holds exactly', () => {
    const keys = new Set<number>()
    for (let i = 0; i < 20_000; i++) {
      const chain = new TextChain(5, 6)
      chain.update(`text ${i}`, 0, 5 + String(i).length)
      expect(Number.isSafeInteger(chain.key)).toBe(true)
      keys.add(chain.key)
    }
    expect(keys.size).toBe(20_000)
  })
})
