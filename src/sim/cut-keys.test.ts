import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TextRun } from '../workload/workload.ts'
import { cutKeys } from './cut-keys.ts'

const run = fc.record({
  ids: fc.array(fc.nat(2), { maxLength: 4 }),
  unit: fc.constantFrom(3, 5, 16),
  cut: fc.nat(4),
})
const runs = fc.array(run, { maxLength: 5 }).map((all) =>
  all.map(({ ids, unit, cut }): TextRun => {
    const tokens = Math.max(0, ids.length * unit - Math.min(cut, unit - 1))
    return { ids: Uint32Array.from(ids), unit, tokens }
  }),
)

/** Every token by what it is: its block's id and its place in there. Where a block ends early counts too. */
function tokensOf(all: readonly TextRun[]): string[] {
  const tokens: string[] = []
  for (const { ids, unit, tokens: total } of all) {
    for (let at = 0; at < total; at++) tokens.push(`${ids[Math.floor(at / unit)]}.${at % unit}`)
  }
  return tokens
}

const keysOf = ({ words }: { words: Uint32Array }, block: number) => `${words[2 * block]} ${words[2 * block + 1]}`

test('two texts share a key exactly when they share all tokens up to there', () => {
  fc.assert(
    fc.property(runs, runs, fc.constantFrom(1, 2, 4, 7), (a, b, blockTokens) => {
      const [keysA, keysB] = [cutKeys(a, Infinity, blockTokens), cutKeys(b, Infinity, blockTokens)]
      const [tokensA, tokensB] = [tokensOf(a), tokensOf(b)]
      expect(keysA.count).toBe(Math.floor(tokensA.length / blockTokens))
      for (let block = 0; block < Math.min(keysA.count, keysB.count); block++) {
        const end = (block + 1) * blockTokens
        const same = tokensA.slice(0, end).join() === tokensB.slice(0, end).join()
        expect(keysOf(keysA, block) === keysOf(keysB, block)).toBe(same)
      }
    }),
    { numRuns: 300 },
  )
})

test('no two keys of a text are equal', () => {
  fc.assert(
    fc.property(runs, (all) => {
      const keys = cutKeys(all, Infinity, 1)
      const seen = new Set(Array.from({ length: keys.count }, (_, block) => keysOf(keys, block)))
      expect(seen.size).toBe(keys.count)
    }),
  )
})

test('cuts off where it is told', () => {
  const text = { ids: Uint32Array.of(1, 2), unit: 512, tokens: 1000 }
  expect(cutKeys([text], 1000, 16).count).toBe(62)
  expect(cutKeys([text], 100, 16).count).toBe(6)
  expect(cutKeys([text], 100, 16).words).toEqual(cutKeys([text], 1000, 16).words.slice(0, 12))
})
