import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageFilter } from './usage-filter.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What passes of a stream that comes in these pieces. */
function filtered(pieces: readonly Uint8Array[], dropNulls = false): string {
  const filter = new UsageFilter(dropNulls)
  const passed: number[] = []
  for (const piece of pieces) passed.push(...filter.pass(piece))
  passed.push(...filter.rest())
  return decoder.decode(new Uint8Array(passed))
}

/** Cuts a text into pieces at random offsets. */
function cutAnywhere(text: string, cuts: readonly number[]): Uint8Array[] {
  const bytes = encoder.encode(text)
  const offsets = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return offsets.slice(1).map((end, i) => bytes.slice(offsets[i], end))
}

const chunk = (content: string, more: object = {}): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content } }],
  ...more,
})
const USAGE = { prompt_tokens: 7, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } }
const usageChunk = { id: 'c', object: 'chat.completion.chunk', choices: [], usage: USAGE }
const event = (payload: object, end = '\n'): string => `data: ${JSON.stringify(payload)}${end}${end}`

describe('the usage filter', () => {
  test('takes the event out that has usage and no choices', () => {
    const before = event(chunk('a')) + event(chunk('b'))
    const stream = `${before}${event(usageChunk)}data: [DONE]\n\n`
    expect(filtered([encoder.encode(stream)])).toBe(`${before}data: [DONE]\n\n`)
  })

  test('passes chunks of whole events as they are, without a copy', () => {
    const filter = new UsageFilter(true)
    const bytes = encoder.encode(event(chunk('usage of a word, "usage": said')))
    expect(filter.pass(bytes)).toBe(bytes)
  })

  test.each([
    ['{"a":1,"usage":{"n":{}},"choices":[1]}', '{"a":1,"choices":[1]}'],
    ['{"usage" : {"n":1} , "choices":[1]}', '{"choices":[1]}'],
    ['{"choices":[1], "usage":{"n":1}}', '{"choices":[1]}'],
    ['{"choices":[1], "us\\u0061ge":{"n":1},"usage":{"n":2} }', undefined],
  ])('takes a usage member out of %s', (json, expected) => {
    const passed = filtered([encoder.encode(`data: ${json}\r\n\r\n`)])
    if (expected === undefined) expect(Object.keys(JSON.parse(passed.slice(6)))).toHaveLength(2)
    else expect(passed).toBe(`data: ${expected}\r\n\r\n`)
  })

  test('takes `usage: null` out only where asking made the engine write it', () => {
    const with_ = event(chunk('a', { usage: null }))
    expect(filtered([encoder.encode(with_)], false)).toBe(with_)
    expect(filtered([encoder.encode(with_)], true)).toBe(event(chunk('a')))
  })

  test('leaves usage inside choices, comments, and what is no JSON alone', () => {
    const stream =
      ': "usage"\n\n' +
      'data: {"choices":[{"usage":{"n":1},"delta":{}}]}\n\n' +
      'data: "usage": broken\n\n' +
      'data: {"choices":[],\ndata: "usage":{"n":1}}\n\n' +
      'data: {"choices":[],"usage":{"n":1}}'
    expect(filtered([encoder.encode(stream)], true)).toBe(stream)
  })

  test('lets an event go that is longer than anyone would hold', () => {
    const long = `data: ${'x'.repeat(9 * 1024 * 1024)}`
    const filter = new UsageFilter(false)
    expect(filter.pass(encoder.encode(long)).length).toBe(long.length)
    expect(decoder.decode(filter.pass(encoder.encode('yz')))).toBe('yz')
  })

  test('equals a filter of whole parsed events, however the stream is cut', () => {
    const text = fc.string({
      unit: fc.constantFrom('u', 'usage', '"', '\\', '"usage":null', '"usage":{', 'ä', '€', '\n', ' ', 'g'),
    })
    const line = fc.oneof(
      { weight: 4, arbitrary: text.map((content) => ({ keep: chunk(content), all: chunk(content) })) },
      { weight: 1, arbitrary: fc.constant({ keep: undefined, all: usageChunk }) },
      {
        weight: 1,
        arbitrary: text.map((content) => ({ keep: chunk(content), all: chunk(content, { usage: USAGE }) })),
      },
      { weight: 1, arbitrary: text.map((content) => ({ keep: chunk(content), all: chunk(content, { usage: null }) })) },
    )
    const ending = fc.constantFrom('\n', '\r\n')
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        ending,
        fc.array(fc.nat()),
        fc.boolean(),
        (lines, end, cuts, comments) => {
          const ping = comments ? `: ping${end}${end}` : ''
          let stream = ping
          let expected = ping
          for (const { keep, all } of lines) {
            stream += event(all, end) + ping
            expected += (keep === undefined ? '' : event(keep, end)) + ping
          }
          stream += `data: [DONE]${end}${end}`
          expected += `data: [DONE]${end}${end}`
          expect(filtered(cutAnywhere(stream, cuts), true)).toBe(expected)
        },
      ),
      { numRuns: 500 },
    )
  })
})
