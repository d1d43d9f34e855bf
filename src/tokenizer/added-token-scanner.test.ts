import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AddedTokenScanner } from './added-token-scanner.ts'
import { addedToken } from './testing/shared-model.ts'

/** The obvious way: at each place the longest of all tokens. */
function slow(text: string, tokens: readonly string[]): [string, number][] {
  const found: [string, number][] = []
  for (let at = 0; at < text.length;) {
    const here = tokens.filter((token) => text.startsWith(token, at)).sort((a, b) => b.length - a.length)[0]
    if (here === undefined) at++
    else found.push([here, (at += here.length)])
  }
  return found
}

function fast(text: string, tokens: readonly string[]): [string, number][] {
  const scanner = new AddedTokenScanner(tokens.map((content, id) => addedToken(id, content)))
  const found: [string, number][] = []
  for (let token = scanner.next(text, 0); token !== undefined; token = scanner.next(text, scanner.end)) {
    found.push([token.content, scanner.end])
  }
  return found
}

const letters = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength, maxLength })

describe('the scanner of added tokens', () => {
  it('finds what a search from the left for the longest finds', () => {
    const tokens = fc.uniqueArray(letters('<ab', 1, 4), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(letters('<abc', 0, 40), tokens, (text, found) => {
        expect(fast(text, found)).toEqual(slow(text, found))
      }),
    )
  })

  it('does the same where all tokens begin alike', () => {
    const tokens = fc.uniqueArray(
      letters('<ab', 0, 3).map((rest) => `<${rest}`),
      { minLength: 1, maxLength: 6 },
    )
    fc.assert(
      fc.property(letters('<abc', 0, 40), tokens, (text, found) => {
        expect(fast(text, found)).toEqual(slow(text, found))
      }),
    )
  })
})
