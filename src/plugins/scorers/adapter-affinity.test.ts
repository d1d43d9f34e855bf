import { expect, test } from 'vitest'
import { candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import adapterAffinity from './adapter-affinity.ts'

test('loaded before room, room before waiting, and what is unknown is neutral', () => {
  const states = ['loaded', 'room', 'waiting', 'full', undefined] as const
  const endpoints = candidates(...states.map((adapterState) => ({ adapterState })))
  expect(scoresOf(adapterAffinity, {}, request(), endpoints)).toEqual([1, 0.8, 0.6, 0, 0.5])
})
