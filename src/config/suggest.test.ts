import { describe, expect, test } from 'vitest'
import { editDistance, suggest } from './suggest.ts'

describe('suggest', () => {
  const keys = ['interval', 'timeout', 'kvTokens', 'path', 'maxConcurrency', 'id']

  test.each([
    ['intervall', 'interval'],
    ['tiemout', 'timeout'],
    ['kv_tokens', 'kvTokens'],
    ['MAXCONCURRENCY', 'maxConcurrency'],
    ['pth', 'path'],
    ['maxConc', 'maxConcurrency'],
    ['intrevl', 'interval'],
  ])('%s was meant as %s', (word, meant) => {
    expect(suggest(word, keys)).toBe(meant)
  })

  test.each(['colour', 'ab', 'pools'])('nothing is near %s', (word) => {
    expect(suggest(word, keys)).toBeUndefined()
  })
})

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['saturatoin', 'saturation', 1],
])('editDistance(%s, %s) is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance)
})
