import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ByteSink, feedCanonicalJson, feedCanonicalString } from './canonical-json.ts'

class Collector implements ByteSink {
  readonly bytes: number[] = []

  update(bytes: Uint8Array, _view: DataView, start: number, end: number): void {
    this.bytes.push(...bytes.subarray(start, end))
  }

  mark(byte: number): void {
    this.bytes.push(byte)
  }

  text(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(this.bytes))
  }
}

function feed(text: string, how: typeof feedCanonicalString): string {
  const bytes = new TextEncoder().encode(text)
  const sink = new Collector()
  how({ bytes, view: new DataView(bytes.buffer) }, 0, bytes.length, sink)
  return sink.text()
}

const unit = fc.oneof(
  fc.nat({ max: 0xffff }),
  fc.nat({ max: 0x7f }),
  fc.constantFrom(0x22, 0x2f, 0x5c, 0xd800, 0xdbff, 0xdc00, 0xdfff),
)
const spelled = fc.array(fc.tuple(unit, fc.boolean()), { maxLength: 30 }).map((units) =>
  units
    .map(([code, upper]) => {
      const hex = code.toString(16).padStart(4, '0')
      return `\\u${upper ? hex.toUpperCase() : hex}`
    })
    .join(''),
)
const plain = fc.constantFrom('', 'plain ', '\\n', '\\/', '\\\\', '\\"', 'é', '𝄞')

test('a string becomes what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(spelled, plain), { maxLength: 8 }), (parts) => {
      const raw = parts.join('')
      expect(`"${feed(raw, feedCanonicalString)}"`).toBe(JSON.stringify(JSON.parse(`"${raw}"`)))
    }),
    { numRuns: 500 },
  )
})

test('a value loses its white space and its other spellings, and nothing else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(' ', '\t', 3), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      expect(feed(text, feedCanonicalJson)).toBe(JSON.stringify(JSON.parse(text)))
    }),
  )
  expect(feed('{"b" : "\\u0041 \\/", "a": [ 1.0, true ]}', feedCanonicalJson)).toBe('{"b":"A /","a":[1.0,true]}')
  expect(feed('["quote \\" and { \\\\", " "]', feedCanonicalJson)).toBe('["quote \\" and { \\\\"," "]')
})
