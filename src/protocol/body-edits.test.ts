import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodyEdits, jsonEdit, spliceBody } from './body-edits.ts'
import type { BodyPlaces } from './body-places.ts'
import { bodyBytes, scanned } from './testing/canonical-stream.ts'

const CHAT = '/v1/chat/completions'
const decoder = new TextDecoder()

function placesOf(body: string): BodyPlaces {
  const { places } = scanned(CHAT, body)
  if (places === undefined) throw new Error('expected places on this route')
  return places
}

function edited(body: string, wanted: Partial<Parameters<typeof bodyEdits>[1]>): string {
  const additions = { stream: false, usage: false, rid: undefined, ...wanted }
  const edits = bodyEdits(placesOf(body), additions)
  return decoder.decode(spliceBody(bodyBytes(body), edits, (length) => new Uint8Array(length)))
}

describe('edits of a body', () => {
  test('put what is missing in front', () => {
    expect(edited('{"model":"m"}', { stream: true, usage: true, rid: 'ab12' })).toBe(
      '{"rid":"ab12","stream":true,"stream_options":{"include_usage":true},"model":"m"}',
    )
    expect(edited(' { } ', { stream: true, rid: 'a' })).toBe(' {"rid":"a","stream":true } ')
  })

  test('replace values where they stand, and touch nothing else', () => {
    const odd =
      '{ "seed":12345678901234567890, "stream" : false ,"x":1.10, "stream_options": {"include_usage" :false }}'
    expect(edited(odd, { stream: true, usage: true })).toBe(
      '{ "seed":12345678901234567890, "stream" : true ,"x":1.10, "stream_options": {"include_usage" :true }}',
    )
  })

  test.each([
    ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{}}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{"include_usage":null}}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{ "a":1}}', '{"stream_options":{"include_usage":true, "a":1}}'],
    ['{"stream_options":{"include_usage":1e0,"include_usage":false}}', undefined],
  ])('ask %s for usage', (body, expected) => {
    if (expected === undefined)
      expect(JSON.parse(edited(body, { usage: true })).stream_options.include_usage).toBe(true)
    else expect(edited(body, { usage: true })).toBe(expected)
  })

  test('know an object by its last member of a name, as engines do', () => {
    expect(JSON.parse(edited('{"stream":true,"a":1,"stream":false}', { stream: true }))).toEqual({ stream: true, a: 1 })
  })

  test('find names that are spelled with escapes', () => {
    expect(edited('{"str\\u0065am":false}', { stream: true })).toBe('{"str\\u0065am":true}')
  })

  test('know a request id and usage in every event', () => {
    expect(placesOf('{"rid":"mine"}').hasRid).toBe(true)
    expect(placesOf('{"routed_dp_rank":3}').rank).toEqual({ start: 18, end: 19 })
    expect(placesOf('{"routed_dp_rank":null}').rank).toBeUndefined()
    expect(placesOf('{"rid":null}').hasRid).toBe(false)
    expect(placesOf('{"stream_options":{"continuous_usage_stats":true}}').continuousUsage).toBe(true)
    expect(scanned('/v1/embeddings', { input: 'x' }).places).toBeUndefined()
  })

  test('equal an edit of the parsed body, whatever is in it', () => {
    const flag = fc.constantFrom(true, false, null)
    const body = fc.record(
      {
        model: fc.string({ unit: 'grapheme' }),
        messages: fc.constant([{ role: 'user', content: '"stream":false, {"stream_options":{}} "usage":null' }]),
        stream: flag,
        stream_options: fc.oneof(
          fc.constant(null),
          fc.record({ include_usage: flag, other: fc.jsonValue() }, { requiredKeys: [] }),
        ),
        extra: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const wanted = fc.record({
      stream: fc.boolean(),
      usage: fc.boolean(),
      rid: fc.option(fc.constantFrom('0123456789abcdef0123456789abcdef', 'f'), { nil: undefined }),
    })
    fc.assert(
      fc.property(body, fc.nat(2), wanted, (value, indent, additions) => {
        const text = JSON.stringify(value, null, indent)
        const expected: Record<string, unknown> = { ...value }
        if (additions.stream) expected['stream'] = true
        if (additions.usage) expected['stream_options'] = { ...value.stream_options, include_usage: true }
        if (additions.rid !== undefined) expected['rid'] = additions.rid
        expect(JSON.parse(edited(text, additions))).toEqual(JSON.parse(JSON.stringify(expected)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('splicing', () => {
  test('equals joining the pieces of the text', () => {
    const places = fc.uniqueArray(fc.nat(60), { minLength: 0, maxLength: 6 })
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 60, maxLength: 90 }),
        places,
        fc.array(fc.uint8Array()),
        (body, cuts, news) => {
          const sorted = cuts.toSorted((a, b) => a - b)
          const edits = []
          for (let i = 0; i + 1 < sorted.length; i += 2) {
            edits.push({ start: sorted[i] ?? 0, end: sorted[i + 1] ?? 0, bytes: news[i] ?? new Uint8Array(0) })
          }
          const model: number[] = []
          for (let at = 0; at <= body.length; at++) {
            for (const edit of edits) if (edit.start === at) model.push(...edit.bytes)
            const cut = edits.some(({ start, end }) => at >= start && at < end)
            const byte = body[at]
            if (!cut && byte !== undefined) model.push(byte)
          }
          expect([...spliceBody(body, edits.toReversed(), (length) => new Uint8Array(length))]).toEqual(model)
        },
      ),
    )
  })

  test('writes an alias into the quotes', () => {
    const body = '{"model":"gpt","messages":[]}'
    const { modelRange } = scanned(CHAT, body)
    if (modelRange === undefined) throw new Error('expected a model')
    const bytes = spliceBody(bodyBytes(body), [jsonEdit(modelRange, 'größer"')], (length) => new Uint8Array(length))
    expect(JSON.parse(decoder.decode(bytes)).model).toBe('größer"')
  })
})
