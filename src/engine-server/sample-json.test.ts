import { expect, test } from 'vitest'
import { asciiJson, sampleJson } from './sample-json.ts'

test.each([
  [{ type: 'string' }, expect.stringMatching(/^[a-z]{3} [a-z]{3}$/)],
  [{ type: 'integer', minimum: 3, maximum: 3 }, 3],
  [{ type: 'number', minimum: 0.25, maximum: 0.75 }, 0.25],
  [{ type: 'boolean' }, expect.any(Boolean)],
  [{ type: 'null' }, null],
  [{ enum: ['a', 'b'] }, expect.stringMatching(/^[ab]$/)],
  [{ const: { a: 1 } }, { a: 1 }],
  [{ type: ['string', 'null'] }, expect.any(String)],
  [{ type: 'array', items: { type: 'null' }, minItems: 2 }, [null, null]],
  [{ anyOf: [{ type: 'null' }, { type: 'string' }] }, null],
  [{ properties: { a: { type: 'null' } } }, { a: null }],
  ['no schema', expect.any(String)],
])('a value for %j', (schema, value) => {
  expect(sampleJson(schema, 5)).toEqual(value)
})

test('values follow from the seed, and differ within an object', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'integer' }, c: { type: 'string' } },
  }
  expect(sampleJson(schema, 1)).toEqual(sampleJson(schema, 1))
  expect(sampleJson(schema, 1)).not.toEqual(sampleJson(schema, 2))
})

test('a schema that contains itself comes to an end', () => {
  const schema: { type: string; items?: unknown } = { type: 'array' }
  schema.items = schema
  expect(JSON.stringify(sampleJson(schema, 1)).length).toBeLessThan(100)
})

test('ASCII JSON means the same', () => {
  const text = asciiJson({ 'größe 😀': 'ö' })
  expect(text).toMatch(/^[\x20-\x7e]+$/)
  expect(JSON.parse(text)).toEqual({ 'größe 😀': 'ö' })
})
