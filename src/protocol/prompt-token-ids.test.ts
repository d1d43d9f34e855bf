import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { promptTokenIds } from './prompt-token-ids.ts'
import { routeOf } from './route.ts'
import { scanRequest } from './scan-request.ts'

function idsOf(prompt: unknown, indent = 0): number[] | undefined {
  const route = routeOf('POST', '/v1/completions')
  if (route === undefined) throw new Error('no such route')
  const scan = scanRequest(route, new TextEncoder().encode(JSON.stringify({ prompt }, null, indent)))
  if (!scan.ok) throw new Error(scan.error.found)
  const ids = promptTokenIds(scan.value.prompt)
  return ids && [...ids]
}

test('token ids are read as they stand, whatever the white space', () => {
  const ids = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(ids, fc.integer({ min: 0, max: 3 }), (given, indent) => {
      expect(idsOf(given, indent)).toEqual(given)
    }),
  )
})

test('of several prompts it is the first, and text has none', () => {
  expect(
    idsOf([
      [1, 2, 3],
      [4, 5],
    ]),
  ).toEqual([1, 2, 3])
  expect(idsOf('one two')).toBeUndefined()
  expect(idsOf(['one', 'two'])).toBeUndefined()
})
