import fc from 'fast-check'
import { createParser } from 'eventsource-parser'
import { describe, expect, it } from 'vitest'
import { createSseReader } from './sse-reader.ts'

const encoder = new TextEncoder()

/** Reads `text` in pieces cut at `cuts`, and gives the lines of its events and what is left. */
function readIn(text: string, cuts: readonly number[], limit = 1000): { events: string[]; rest: string } {
  const events: string[] = []
  const reader = createSseReader(limit, (lines) => {
    events.push(lines)
    return false
  })
  const bytes = encoder.encode(text)
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let from = 0
  for (const to of [...ends, bytes.length]) {
    expect(reader.read(bytes.subarray(from, to))).toBe(-1)
    from = to
  }
  return { events, rest: reader.rest() }
}

function dataOf(lines: string): string[] {
  return lines.split(/\r?\n/).flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
}

describe('createSseReader', () => {
  it('hands over each event with its lines, LF or CRLF', () => {
    expect(readIn(': ping\n\nevent: a\r\ndata: 1\r\n\r\ndata: 2\n\n', []).events).toEqual([
      ': ping\n\n',
      'event: a\r\ndata: 1\r\n\r\n',
      'data: 2\n\n',
    ])
  })

  it('keeps what has not ended as the rest', () => {
    expect(readIn('data: 1\n\ndata: [DONE]\n', [3])).toEqual({ events: ['data: 1\n\n'], rest: 'data: [DONE]\n' })
  })

  it('skips an event over the limit and goes on behind it', () => {
    const { events } = readIn(`data: ${'x'.repeat(200)}\n\ndata: 2\n\n`, [50, 120], 100)
    expect(events).toEqual(['', 'data: 2\n\n'])
    expect(readIn(`data: ${'x'.repeat(200)}`, [], 100).rest).toBe('')
  })

  it('grows for an event of exactly the limit', () => {
    const event = `data: ${'x'.repeat(5000)}\n\n`
    expect(readIn(event, [1, 1500, 4000], event.length).events).toEqual([event])
    expect(readIn(event, [1, 1500, 4000], event.length - 1).events).toEqual([''])
  })

  it('stops behind the event its reader wanted', () => {
    const reader = createSseReader(100, (lines) => lines.includes('two'))
    expect(reader.read(encoder.encode('data: one\n\ndata: t'))).toBe(-1)
    expect(reader.read(encoder.encode('wo\n\ndata: three\n\n'))).toBe(4)
  })

  it('finds the same events however the bytes are cut', () => {
    const piece = fc.constantFrom(
      'data: 1\n',
      'data: ø\r\n',
      ': c\n',
      '\n',
      '\r\n',
      '\n\n',
      '\r',
      'ø',
      'event: x\n',
      '漢',
    )
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, cuts) => {
        const text = pieces.join('')
        expect(readIn(text, cuts)).toEqual(readIn(text, []))
      }),
    )
  })

  it('finds the data eventsource-parser finds', () => {
    const line = fc.constantFrom('data: 1', 'data: two ø', ': comment', 'event: e', 'data: {"a":1}')
    const event = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom('\n', '\r\n'), fc.array(fc.nat()), (events, end, cuts) => {
        const text = events.map((lines) => `${lines}\n\n`.replaceAll('\n', end)).join('')
        const expected: string[] = []
        createParser({ onEvent: ({ data }) => expected.push(data) }).feed(text)
        const found = readIn(text, cuts).events.map(dataOf)
        expect(found.filter((data) => data.length > 0).map((data) => data.join('\n'))).toEqual(expected)
      }),
    )
  })
})
