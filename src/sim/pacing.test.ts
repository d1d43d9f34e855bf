import { describe, expect, test } from 'vitest'
import type { Pacing, WorkloadRequest } from '../workload/workload.ts'
import { RequestPacing } from './pacing.ts'
import { prepareWorkload } from './prepared-workload.ts'
import { text, turn } from './testing/small-scenario.ts'

/** A request that was recorded at `offset` and comes after those at `after`. */
function request(id: string, offset: number | undefined, after: readonly number[], think = 0): WorkloadRequest {
  const { offset: _, ...made } = turn(id, 0, [{ role: 'user', parts: [text([1])] }], 1, think)
  return { ...made, after, ...(offset === undefined ? {} : { offset }) }
}

/** Two sessions: three requests of which the last waits for both others, and a single one. */
function pacingOf(pacing: Pacing) {
  const sessions = [
    { id: 'x', start: 10, requests: [request('x0', 0, []), request('x1', 5, [], 2), request('x2', 7, [0, 1], 3)] },
    { id: 'y', start: 20, requests: [request('y0', undefined, [], 1)] },
  ]
  const due: [number, number][] = []
  const workload = { name: 'w', pacing, sessions, notes: [] }
  return { due, made: new RequestPacing(prepareWorkload(workload), (...event) => due.push(event)) }
}

describe('requests are due', () => {
  test('open: at their recorded times, whatever happened before', () => {
    const { due, made } = pacingOf('open')
    made.begin(1)
    expect(due).toEqual([
      [0, 10],
      [1, 15],
      [2, 17],
      [3, 21],
    ])
    made.ended(0, 100)
    made.ended(1, 101)
    expect(due).toHaveLength(4)
  })

  test('sessions: when those before have ended and the think time is over', () => {
    const { due, made } = pacingOf('sessions')
    made.begin(1)
    expect(due).toEqual([
      [0, 10],
      [1, 12],
      [3, 21],
    ])
    made.ended(1, 30)
    expect(due).toHaveLength(3)
    made.ended(0, 40)
    expect(due.at(-1)).toEqual([2, 43])
  })

  test('closed: a session opens when another has ended', () => {
    const { due, made } = pacingOf('closed')
    made.begin(1)
    expect(due).toEqual([
      [0, 0],
      [1, 2],
    ])
    made.ended(0, 5)
    made.ended(1, 6)
    expect(due.at(-1)).toEqual([2, 9])
    made.ended(2, 50)
    expect(due.at(-1)).toEqual([3, 51])
    expect(due).toHaveLength(4)
  })
})
