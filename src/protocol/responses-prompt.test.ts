import { expect, test } from 'vitest'
import { streamOf } from './testing/canonical-stream.ts'

function responses(body: object): string {
  return streamOf('/v1/responses', body)
}

function input(...items: object[]): string {
  return responses({ input: items })
}

test('is the same prompt as the chat it stands for', () => {
  const chat = streamOf('/v1/chat/completions', {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', tool_calls: [{ function: { name: 'add', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c', content: '3' },
    ],
    reasoning_effort: 'low',
  })
  const items = [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
    { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'xyz' },
    { type: 'function_call', id: 'fc', call_id: 'c', name: 'add', arguments: '{}', status: 'completed' },
    { type: 'function_call_output', call_id: 'c', output: '3' },
  ]
  expect(responses({ instructions: 'Be brief.', input: items, reasoning: { effort: 'low' } })).toBe(chat)
})

test('a string as input is a message of the user', () => {
  expect(responses({ input: 'Hello' })).toBe('\x01user\x03Hello')
  expect(input({ role: 'user', content: 'Hello' })).toBe('\x01user\x03Hello')
})

test('custom calls, and outputs in parts, are calls and outputs', () => {
  expect(input({ type: 'custom_tool_call', call_id: 'c', name: 'sh', input: 'ls' })).toBe(
    '\x01assistant\x08\x02sh\x03ls',
  )
  expect(input({ type: 'custom_tool_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'a' }] })).toBe(
    '\x01tool\x09\x02c\x03a',
  )
})

test('an unknown item enters whole, without its bookkeeping', () => {
  expect(input({ type: 'web_search_call', id: 'ws', status: 'completed', action: { query: 'q' } })).toBe(
    '\x14\x0daction\x0e{"query":"q"}\x0dtype\x0e"web_search_call"',
  )
})

test('what the engine keeps in its store stands in front', () => {
  const plain = responses({ input: 'Hello' })
  const fronts = [
    responses({ input: 'Hello', previous_response_id: 'a' }),
    responses({ input: 'Hello', previous_response_id: 'b' }),
    responses({ input: 'Hello', conversation: 'a' }),
    responses({ input: 'Hello', conversation: { id: 'a' } }),
    responses({ input: 'Hello', prompt: { id: 'a', version: '1' } }),
  ].map((stream) => {
    expect(stream.endsWith(plain)).toBe(true)
    return stream.slice(0, -plain.length)
  })
  expect(new Set(fronts).size).toBe(5)
})
