import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import lengthClass from './length-class.ts'

const small = { labels: { size: 'small' } }
const large = { labels: { size: 'large' } }
const pool = candidates(
  { ...small, inFlight: 4 },
  { ...small, inFlight: 3 },
  { ...large, inFlight: 0 },
  { ...large, inFlight: 1 },
)

test('100 characters are short, 101 are long; inside the class the least loaded wins', () => {
  expect(rankOf(lengthClass, {}, request({ promptBytes: 100 }), pool)).toMatchObject({
    costs: [4, 3, 0 + 5, 1 + 5],
    best: ['engine-1'],
    reason: 'length-class',
  })
  expect(rankOf(lengthClass, {}, request({ promptBytes: 101 }), pool)).toMatchObject({
    costs: [4 + 2, 3 + 2, 0, 1],
    best: ['engine-2'],
    reason: 'length-class',
  })
})

test('when no endpoint of the class is there, the least loaded of all', () => {
  const onlySmall = pool.slice(0, 2)
  expect(rankOf(lengthClass, {}, request({ promptBytes: 5000 }), onlySmall)).toMatchObject({
    costs: [4, 3],
    reason: 'no-endpoint-of-class',
  })
})

test('classes are options, and a prompt that none takes goes anywhere', () => {
  const classes = [
    { upToBytes: 10, endpoints: { matchLabels: { size: 'small' } } },
    { upToBytes: 1000, endpoints: { matchExpressions: [{ key: 'size', operator: 'NotIn', values: ['small'] }] } },
  ]
  const bestFor = (promptBytes: number) => rankOf(lengthClass, { classes }, request({ promptBytes }), pool)
  expect(bestFor(10).best).toEqual(['engine-1'])
  expect(bestFor(11).best).toEqual(['engine-2'])
  expect(bestFor(1001)).toMatchObject({ costs: [4, 3, 0, 1], reason: 'no-endpoint-of-class' })
})
