import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AnswerSummary } from './answer-summary.ts'
import { JsonMeter } from './json-meter.ts'

const encoder = new TextEncoder()

function read(bytes: Uint8Array, cuts: readonly number[] = []): AnswerSummary & { first: number } {
  const meter = new JsonMeter()
  let first = -1
  let from = 0
  for (const to of [...new Set(cuts), bytes.length].sort((a, b) => a - b)) {
    if (meter.chunk(bytes.subarray(from, to))) first = to
    from = to
  }
  return { ...meter.finish(), first }
}

describe('JsonMeter', () => {
  // Recorded from llama.cpp b11669.
  it.each([
    ['chat.json', [77, 76, 12]],
    ['completions.json', [8, 7, 3]],
    ['responses.json', [27, 26, 12]],
    ['messages.json', [77, 76, 12]],
  ])('reads %s in any chunks', (name, [promptTokens, cachedTokens, completionTokens]) => {
    const bytes = readFileSync(new URL(`fixtures/answers/${name}`, import.meta.url))
    const usage = { promptTokens, cachedTokens, completionTokens }
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length - 1 })), (cuts) => {
        const first = Math.min(bytes.length, ...cuts.filter((cut) => cut > 0))
        expect(read(bytes, cuts)).toEqual({ first, events: 0, usage, finished: true })
      }),
      { numRuns: 50 },
    )
    expect(read(bytes.subarray(0, 30))).toMatchObject({ finished: false, usage: undefined })
  })

  it('finds the usage at either end of a long answer', () => {
    const data = Array<string>(5000).fill('filler')
    const usage = { prompt_tokens: 3 }
    for (const body of [
      { usage, data },
      { data, usage },
    ]) {
      expect(read(encoder.encode(`\n${JSON.stringify(body)}\n`), [1, 700, 20_000])).toEqual({
        first: 1,
        events: 0,
        usage: { promptTokens: 3, cachedTokens: undefined, completionTokens: undefined },
        finished: true,
      })
    }
  })

  it('finishes on the bracket that opened it, and nothing that is no document', () => {
    expect(read(encoder.encode('[1, 2]\n')).finished).toBe(true)
    for (const body of ['', '[{}', '{"a":[1]', 'upstream failed}']) {
      expect(read(encoder.encode(body)).finished).toBe(false)
    }
  })
})
