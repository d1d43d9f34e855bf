import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ESCAPED, nextSpecial, scanString, UNCANONICAL } from './json-string.ts'

function scan(text: string): number {
  const bytes = new TextEncoder().encode(text)
  return scanString(new DataView(bytes.buffer), 0, bytes.length)
}

test('nextSpecial finds what a byte by byte search finds', () => {
  const byte = fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0xa2, 0xdc),
  )
  const plain = fc.constantFrom(0x20, 0x21, 0x23, 0x61, 0x7f, 0x80, 0x9f, 0xa2, 0xdc, 0xff)
  const text = fc.tuple(fc.array(plain, { maxLength: 40 }), fc.array(byte, { maxLength: 12 }))
  fc.assert(
    fc.property(text, fc.nat({ max: 9 }), ([head, tail], skip) => {
      const bytes = Uint8Array.from([...head, ...tail])
      const from = Math.min(skip, bytes.length)
      const found = bytes.findIndex((value, i) => i >= from && (value < 0x20 || value === 0x22 || value === 0x5c))
      const expected = found < 0 ? bytes.length : found
      expect(nextSpecial(new DataView(bytes.buffer), from, bytes.length)).toBe(expected)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['abc"', 3, 0],
  ['"', 0, 0],
  ['a\\n"', 3, ESCAPED],
  ['a\\"b"', 4, ESCAPED],
  ['a\\\\"', 3, ESCAPED],
  ['a\\/"', 3, ESCAPED | UNCANONICAL],
  ['\\u00e9"x', 6, ESCAPED | UNCANONICAL],
  ['Ünïcode text longer than eight bytes"', 38, 0],
])('%s closes at %i with flags %i', (text, close, flags) => {
  expect(scan(text)).toBe(4 * close + flags)
})

test.each([
  ['abc', 3],
  ['', 0],
  ['abc\\', 4],
  ['abc\n"', 3],
  ['abcdefghij\u0000"', 10],
  ['\\x41"', 1],
  ['\\u00g0"', 4],
  ['\\u00', 4],
  ['\\u"', 2],
])('%j does not belong at %i', (text, offset) => {
  expect(scan(text)).toBe(-1 - offset)
})
