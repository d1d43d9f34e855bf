import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenKeys } from './token-keys.ts'

function keysOf(tokens: readonly number[], salt = 0): number[] {
  const keys = new TokenKeys(4, tokens.length, salt)
  keys.append(Uint32Array.from(tokens), 0, tokens.length)
  return [...keys.keys().words]
}

const token = fc.nat({ max: 0xffffffff })

test('only full blocks have keys', () => {
  expect(keysOf([1, 2, 3])).toEqual([])
  expect(keysOf([1, 2, 3, 4, 5])).toHaveLength(2)
})

test('sequences share the keys of the blocks they share, and no later one', () => {
  const lists = fc.array(token, { minLength: 4, maxLength: 60 })
  fc.assert(
    fc.property(lists, fc.nat(59), token, (tokens, at, other) => {
      const position = at % tokens.length
      fc.pre(tokens[position] !== other)
      const left = keysOf(tokens)
      const right = keysOf(tokens.with(position, other))
      const shared = 2 * Math.floor(position / 4)
      expect(right.slice(0, shared)).toEqual(left.slice(0, shared))
      for (let index = shared; index < left.length; index++) expect(right[index]).not.toBe(left[index])
    }),
  )
})

test('it does not matter in which pieces tokens are appended', () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 60 }), fc.nat(60), (tokens, cut) => {
      const keys = new TokenKeys(4, tokens.length)
      const words = Uint32Array.from(tokens)
      const at = Math.min(cut, tokens.length)
      keys.append(words, 0, at)
      keys.append(words, at, tokens.length)
      expect([...keys.keys().words]).toEqual(keysOf(tokens))
    }),
  )
})

test('a salt separates all keys', () => {
  expect(keysOf([1, 2, 3, 4], 7)).not.toEqual(keysOf([1, 2, 3, 4]))
})

test('the digest covers the tokens that fill no block', () => {
  const digest = (tokens: readonly number[]): number => {
    const keys = new TokenKeys(4, 8)
    keys.append(Uint32Array.from(tokens), 0, tokens.length)
    return keys.digest()
  }
  expect(digest([1, 2, 3, 4, 5])).not.toBe(digest([1, 2, 3, 4, 6]))
})
