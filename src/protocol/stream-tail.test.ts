import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StreamTail, TAIL_BYTES } from './stream-tail.ts'

const encoder = new TextEncoder()

/** Blank lines, a lone CR in a line counted as its end's first half. */
function blankLines(text: string): number {
  const lines = text.split('\n').slice(0, -1)
  return lines.filter((line) => line === '' || line === '\r').length
}

function tailOf(chunks: readonly string[]): StreamTail {
  const tail = new StreamTail()
  for (const chunk of chunks) tail.keepEvents(encoder.encode(chunk))
  return tail
}

describe('StreamTail', () => {
  it('keeps the whole of a short stream and the end of a long one', () => {
    expect(tailOf(['ab', '', 'c']).bytes()).toEqual(encoder.encode('abc'))
    const long = `${'x'.repeat(3 * TAIL_BYTES)}end`
    expect(tailOf(['start', long]).bytes()).toEqual(encoder.encode(long.slice(-TAIL_BYTES)))
  })

  it('counts an event whose end is cut anywhere', () => {
    expect(tailOf(['data: 1\n', '\n', 'data: 2\r\n\r', '\n', 'data: 3\r', '\n\r\n', 'data: 4\n']).events).toBe(3)
  })

  it('copies: what is done to a chunk afterwards changes nothing', () => {
    const tail = new StreamTail()
    const chunk = encoder.encode('data: 1\n\n')
    tail.keepEvents(chunk)
    chunk.fill(0)
    expect(tail.bytes()).toEqual(encoder.encode('data: 1\n\n'))
  })

  it('agrees with the whole text, whatever the chunks', () => {
    const short = fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\r\n', 'data: x', '\r', '', 'ø', 'data: y\n\ndata: z\n\n')
    const long = fc.integer({ min: 1000, max: 9000 }).map((size) => 'z'.repeat(size))
    const chunk = fc.oneof({ weight: 12, arbitrary: short }, { weight: 1, arbitrary: long })
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 60 }), (chunks) => {
        const text = chunks.join('')
        const tail = tailOf(chunks)
        expect(tail.events).toBe(blankLines(text))
        expect(tail.bytes()).toEqual(encoder.encode(text).slice(-TAIL_BYTES))
      }),
      { numRuns: 300 },
    )
  })
})
