import { expect, test } from 'vitest'
import { streamOf } from './testing/canonical-stream.ts'

const SCHEMA = { type: 'object', properties: { b: { type: 'string' }, a: { type: 'number' } } }
const ADD = { name: 'add', description: 'Adds "two"', parameters: SCHEMA }

function chat(...tools: object[]): string {
  return streamOf('/v1/chat/completions', { tools })
}

test('a tool is its name, description and schema', () => {
  expect(chat({ type: 'function', function: ADD })).toBe(`\x0b\x02add\x03Adds \\"two\\"\x0c${JSON.stringify(SCHEMA)}`)
})

test('a tool is the same for every API', () => {
  const expected = chat({ type: 'function', function: ADD })
  const { parameters, ...rest } = ADD
  expect(streamOf('/v1/responses', { tools: [{ type: 'function', ...ADD }] })).toBe(expected)
  expect(streamOf('/v1/messages', { tools: [{ ...rest, input_schema: parameters }] })).toBe(expected)
  expect(streamOf('/v1/chat/completions', { functions: [ADD] })).toBe(expected)
})

test('the order of its members does not matter, that of the schema does, because engines print it', () => {
  const { name, description, parameters } = ADD
  const expected = chat({ type: 'function', function: ADD })
  expect(chat({ function: { parameters, description, name }, type: 'function' })).toBe(expected)
  const properties = { a: { type: 'number' }, b: { type: 'string' } }
  expect(chat({ function: { ...ADD, parameters: { type: 'object', properties } } })).not.toBe(expected)
  const indented = JSON.stringify({ tools: [{ function: ADD }] }, null, 4)
  expect(streamOf('/v1/chat/completions', indented)).toBe(expected)
})

test('whatever else a tool has counts, but for what the service should cache', () => {
  const plain = { name: 'add', input_schema: {} }
  const tool = (...tools: object[]): string => streamOf('/v1/messages', { tools })
  expect(tool({ ...plain, cache_control: { type: 'ephemeral' } })).toBe(tool(plain))
  expect(tool({ ...plain, type: 'custom' })).toBe(tool(plain))
  expect(tool({ ...plain, strict: true })).toBe(`${tool(plain)}\x0dstrict\x0etrue`)
  expect(tool({ type: 'web_search_20250305', name: 'web_search', max_uses: 5 })).toBe(
    '\x0b\x02web_search\x0dmax_uses\x0e5\x0dtype\x0e"web_search_20250305"',
  )
})

test('the order of the tools matters', () => {
  const [one, other] = [{ function: { name: 'a' } }, { function: { name: 'b' } }]
  expect(chat(one, other)).not.toBe(chat(other, one))
})
