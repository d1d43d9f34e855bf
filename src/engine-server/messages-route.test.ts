import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEngineServer } from './start-engine-server.ts'
import type { RunningEngine } from './start-engine-server.ts'

let engine: RunningEngine
let anthropic: Anthropic

beforeAll(async () => {
  engine = await startEngineServer({ speed: 50 })
  anthropic = new Anthropic({ baseURL: engine.url, apiKey: 'none', maxRetries: 0 })
})

afterAll(() => engine.close())

const user = (content: string) => ({ role: 'user' as const, content })

const tools = [{ name: 'look', input_schema: { type: 'object' as const, properties: { at: { type: 'string' } } } }]

test('an answer says the same streamed and whole', async () => {
  const request = { model: 'simulated', max_tokens: 12, system: 'Be brief.', messages: [user('hi')] }
  const whole = await anthropic.messages.create(request)
  const streamed = await anthropic.messages.stream(request).finalMessage()
  expect(whole.content).toMatchObject([{ type: 'text', text: expect.stringMatching(/^([a-z]{3} ){12}$/) }])
  expect(streamed.content).toMatchObject(whole.content)
  expect(whole.stop_reason).toBe('max_tokens')
  expect(streamed.usage.output_tokens).toBe(12)
})

test('a stream has the events of the protocol in their order', async () => {
  const request = { model: 'simulated', max_tokens: 2, messages: [user('hi')], stream: true as const }
  const types = []
  for await (const event of await anthropic.messages.create(request)) types.push(event.type)
  expect(types).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
})

test('the next turn reads prompt and answer from the cache, and counts them beside the input', async () => {
  const ask = user('Tell me something long about nothing. '.repeat(10))
  const one = await anthropic.messages.create({ model: 'simulated', max_tokens: 60, messages: [ask] })
  const history = [ask, { role: 'assistant' as const, content: one.content }, user('More.')]
  const two = await anthropic.messages.create({ model: 'simulated', max_tokens: 5, messages: history })
  const computed = one.usage.input_tokens + 60 - 1
  expect(two.usage.cache_read_input_tokens).toBe(Math.floor(computed / 16) * 16)
  const { input_tokens: all } = await anthropic.messages.countTokens({ model: 'simulated', messages: history })
  expect(two.usage.input_tokens + (two.usage.cache_read_input_tokens ?? 0)).toBe(all)
})

test('a function is called, streamed and whole, and its call is found in the cache', async () => {
  const request = { model: 'simulated', max_tokens: 300, messages: [user('where?')], tools }
  const forced = { ...request, tool_choice: { type: 'tool' as const, name: 'look' } }
  const one = await anthropic.messages.create(forced)
  const [call] = one.content
  if (call?.type !== 'tool_use') throw new Error('expected a tool call')
  expect([one.stop_reason, call.name]).toEqual(['tool_use', 'look'])
  expect(call.input).toEqual({ at: expect.any(String) })
  const streamed = await anthropic.messages.stream(forced).finalMessage()
  expect(streamed.content).toMatchObject([{ type: 'tool_use', input: call.input }])

  const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'there' }
  const history = [...request.messages, { role: 'assistant' as const, content: one.content }]
  const two = await anthropic.messages.create({
    ...request,
    messages: [...history, { role: 'user', content: [result] }],
  })
  const computed = one.usage.input_tokens + one.usage.output_tokens - 1
  expect(two.usage.cache_read_input_tokens).toBe(Math.floor(computed / 16) * 16)
  expect(two.content[0]?.type).toBe('text')
})

test('errors have the shape of the protocol', async () => {
  const request = { model: 'other', max_tokens: 2, messages: [user('hi')] }
  await expect(anthropic.messages.create(request)).rejects.toMatchObject({
    status: 404,
    error: { type: 'error', error: { type: 'not_found_error', message: 'The model `other` does not exist.' } },
  })
})
