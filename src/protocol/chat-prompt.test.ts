import { describe, expect, test } from 'vitest'
import { streamOf } from './testing/canonical-stream.ts'

const USER = { role: 'user', content: 'Hello' }

function chat(...messages: object[]): string {
  return streamOf('/v1/chat/completions', { messages })
}

function withFields(fields: object): string {
  return streamOf('/v1/chat/completions', { messages: [USER], ...fields })
}

test('a chat is its messages one after another, each opened by a mark', () => {
  expect(chat({ role: 'system', content: 'Be "kind".\n' }, { ...USER, name: 'ann' })).toBe(
    '\x01system\x03Be \\"kind\\".\\n\x01user\x02ann\x03Hello',
  )
})

test('a role is what it says: developer is not system', () => {
  expect(chat({ role: 'developer', content: 'x' })).not.toBe(chat({ role: 'system', content: 'x' }))
})

describe('an answer', () => {
  const call = (id: string, args: unknown): object => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: 'add', arguments: args } }],
  })

  test('with calls is their names and arguments, not their ids', () => {
    expect(chat(call('call_1', '{"a":1}'))).toBe('\x01assistant\x08\x02add\x03{\\"a\\":1}')
    expect(chat(call('call_2', '{"a":1}'))).toBe(chat(call('call_1', '{"a":1}')))
    expect(chat(call('call_1', '{"a":2}'))).not.toBe(chat(call('call_1', '{"a":1}')))
    expect(chat(call('call_1', { a: [1, ' '] }))).toBe('\x01assistant\x08\x02add\x15{"a":[1," "]}')
  })

  test('may call in the old way', () => {
    const old = { role: 'assistant', content: null, function_call: { name: 'add', arguments: '{}' } }
    expect(chat(old)).toBe(chat(call('', '{}')))
  })

  test('is the same without the thoughts that led to it', () => {
    const answer = { role: 'assistant', content: '42' }
    expect(chat({ ...answer, reasoning_content: 'hm', reasoning: 'hm' })).toBe(chat(answer))
  })

  test('that refuses is not one that says the same', () => {
    expect(chat({ role: 'assistant', refusal: 'No.' })).toBe('\x01assistant\x0aNo.')
  })
})

test('a result of a tool names the call it answers', () => {
  expect(chat({ role: 'tool', tool_call_id: 'call_1', content: '3' })).toBe('\x01tool\x09\x02call_1\x033')
})

describe('what the template prints in front', () => {
  test('comes before the messages', () => {
    for (const fields of [
      { chat_template: '{{ messages }}' },
      { chat_template_kwargs: { enable_thinking: false } },
      { documents: [{ title: 'a', text: 'b' }] },
      { reasoning_effort: 'high' },
      { tools: [{ type: 'function', function: { name: 'add' } }] },
      { functions: [{ name: 'add' }] },
    ]) {
      const stream = withFields(fields)
      expect(stream.endsWith(chat(USER))).toBe(true)
      expect(stream.length).toBeGreaterThan(chat(USER).length)
    }
  })

  test('keeps values of other types and names apart', () => {
    const streams = [
      withFields({ chat_template_kwargs: { a: 1 } }),
      withFields({ chat_template_kwargs: { a: '1' } }),
      withFields({ chat_template_kwargs: { b: 1 } }),
      withFields({ documents: { a: 1 } }),
      withFields({ reasoning_effort: 'low' }),
      withFields({ reasoning_effort: 'high' }),
    ]
    expect(new Set(streams).size).toBe(streams.length)
  })

  test('does not depend on the order of the template arguments', () => {
    expect(withFields({ chat_template_kwargs: { b: 1, a: [2] } })).toBe(
      withFields({ chat_template_kwargs: { a: [2], b: 1 } }),
    )
  })

  test('leaves out what is not printed', () => {
    const others = { tool_choice: 'auto', response_format: { type: 'json_object' }, temperature: 1, seed: 4, n: 2 }
    expect(withFields({ ...others, add_generation_prompt: true, stop: ['x'], user: 'u' })).toBe(withFields({}))
  })
})
