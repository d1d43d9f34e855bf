import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import kvFill from './kv-fill.ts'

test('the free share', () => {
  expect(scoresOf(kvFill, {}, request(), candidates({ kvFill: 0.75 }, { kvFill: 0 }, { kvFill: 1 }))).toEqual([
    0.25, 1, 0,
  ])
})
