import { expect, test } from 'vitest'
import { streamOf } from './testing/canonical-stream.ts'

const MESSAGES = [{ role: 'user', content: 'Hello' }]

function messages(body: object, path = '/v1/messages'): string {
  return streamOf(path, { messages: MESSAGES, ...body })
}

test('is the same prompt as the chat it stands for', () => {
  const chat = streamOf('/v1/chat/completions', { messages: [{ role: 'system', content: 'Be brief.' }, ...MESSAGES] })
  expect(messages({ system: 'Be brief.', max_tokens: 10, metadata: { user_id: 'u' } })).toBe(chat)
  expect(messages({ system: [{ type: 'text', text: 'Be brief.' }] })).toBe(chat)
  expect(messages({ system: 'Be brief.' }, '/v1/messages/count_tokens')).toBe(chat)
})

test('cache_control changes nothing, wherever it stands', () => {
  const cache_control = { type: 'ephemeral', ttl: '1h' }
  const body = (mark: object): object => ({
    tools: [{ name: 'add', input_schema: { type: 'object' }, ...mark }],
    system: [{ type: 'text', text: 'Be brief.', ...mark }],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hello', ...mark }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'add', input: {}, ...mark }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: '3', ...mark }], ...mark },
          { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' }, ...mark },
          { type: 'search_result', title: 'T', ...mark },
        ],
      },
    ],
    ...mark,
  })
  expect(messages(body({ cache_control }))).toBe(messages(body({})))
})

test('tools come before the system text, and that before the messages', () => {
  expect(messages({ system: 'S', tools: [{ name: 'add' }] })).toBe('\x0b\x02add\x01system\x03S\x01user\x03Hello')
})

test('the billing block of an agent is not there, as for the engines', () => {
  const blocks = (hash: string): object => ({
    system: [
      { type: 'text', text: `x-anthropic-billing-header: cc_version=2.1; cch=${hash};` },
      { type: 'text', text: 'Be brief.' },
    ],
  })
  expect(messages(blocks('eb6c6'))).toBe(messages({ system: 'Be brief.' }))
  expect(messages(blocks('eb6c7'))).toBe(messages(blocks('eb6c6')))
})
