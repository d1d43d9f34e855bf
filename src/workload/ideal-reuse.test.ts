import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { idealReuse } from './ideal-reuse.ts'
import type { Workload } from './workload.ts'

const UNIT = 3

interface Prompt {
  readonly ids: readonly number[]
  /** Tokens of the last block. */
  readonly last: number
}

const prompts = fc.array(
  fc.record({
    ids: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 }),
    last: fc.integer({ min: 1, max: UNIT }),
  }),
  { maxLength: 12 },
)

function workloadOf(list: readonly Prompt[]): Workload {
  const sessions = list.map(({ ids, last }, index) => {
    const tokens = (ids.length - 1) * UNIT + last
    const id = `r${index}`
    const messages = [{ role: 'user' as const, parts: [{ ids: Uint32Array.from(ids), unit: UNIT, tokens }] }]
    const request = { id, session: id, turn: 0, after: [], think: 0, messages, promptTokens: tokens, outputTokens: 1 }
    return { id, start: index, requests: [request] }
  })
  return { name: 'test', pacing: 'open', sessions, notes: [] }
}

/** The obvious way: compare each prompt token by token with every earlier one. */
function slowCached(list: readonly Prompt[]): number {
  const tokens = list.map(({ ids, last }) =>
    ids.flatMap((id, block) => Array.from({ length: block === ids.length - 1 ? last : UNIT }, (_, i) => `${id}/${i}`)),
  )
  let cached = 0
  for (const [index, prompt] of tokens.entries()) {
    let best = 0
    for (const earlier of tokens.slice(0, index)) {
      let common = 0
      while (common < prompt.length && prompt[common] === earlier[common]) common++
      best = Math.max(best, common)
    }
    cached += best
  }
  return cached
}

test('counts the tokens of the longest prefix that any earlier prompt had', () => {
  fc.assert(
    fc.property(prompts, (list) => {
      expect(idealReuse(workloadOf(list)).cachedTokens).toBe(slowCached(list))
    }),
  )
})

test('an empty workload reuses nothing', () => {
  expect(idealReuse(workloadOf([]))).toEqual({ promptTokens: 0, cachedTokens: 0, share: 0 })
})
