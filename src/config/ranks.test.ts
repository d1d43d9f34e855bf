import { describe, expect, test } from 'vitest'
import { loaded, problemsOf } from './testing/load-text.ts'

const endpoint = (settings: string): string => `endpoints: [{ url: http://a:1, ${settings} }]`

describe('ranks', () => {
  test('are found out, or counted by the operator', () => {
    expect(loaded('endpoints: [http://a:1]').config.endpoints[0]?.ranks).toBe('auto')
    expect(loaded(endpoint('ranks: 8')).config.endpoints[0]?.ranks).toBe(8)
    expect(loaded(endpoint('ranks: auto, headers: { x-data-parallel-rank: "1" }')).config.endpoints[0]?.ranks).toBe(
      'auto',
    )
  })

  test('are a number or auto', () => {
    const expected = 'endpoints[0].ranks: expected a whole number from 1 to 1024'
    expect(problemsOf(endpoint('ranks: 0'))).toEqual([`1:39 ${expected}, found 0`])
    expect(problemsOf(endpoint('ranks: many'))).toEqual([`1:39 ${expected}, or auto, found "many"`])
  })

  test('are all of an address or one of them', () => {
    const hint = '(leave out the header x-data-parallel-rank and kvEvents.rank, or ranks)'
    const message = (rank: number) =>
      `1:39 endpoints[0].ranks: expected all ranks of the address or one of them, found ranks: 2 and rank ${rank} ${hint}`
    expect(problemsOf(endpoint('ranks: 2, headers: { X-Data-Parallel-Rank: "1" }'))).toEqual([message(1)])
    expect(problemsOf(endpoint('ranks: 2, kvEvents: { address: "tcp://*:5557", rank: 0 }'))).toEqual([message(0)])
  })

  test('have ids that no other endpoint may have', () => {
    const text = 'endpoints:\n  - { url: http://a:1, id: e, ranks: 2 }\n  - { url: http://b:1, id: e@1 }\n'
    expect(problemsOf(text)).toEqual([
      '3:28 endpoints[1].id: e@1 is the id of a rank of endpoints[0] already (give each endpoint an id of its own)',
    ])
    expect(problemsOf(text.replace('ranks: 2', 'ranks: 1'))).toEqual([])
  })
})
