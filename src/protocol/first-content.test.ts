import { describe, expect, it } from 'vitest'
import { carriesContent } from './first-content.ts'

const delta = (fields: object): object => ({ choices: [{ index: 0, delta: fields }] })
const block = (fields: object): object => ({ type: 'content_block_delta', index: 0, delta: fields })

describe('carriesContent', () => {
  it.each([
    ['content', delta({ content: 'a' })],
    ['content beside the role', delta({ role: 'assistant', content: ' ' })],
    ['reasoning', delta({ content: null, reasoning: 'a' })],
    ['reasoning_content', delta({ reasoning_content: 'a' })],
    ['a refusal', delta({ refusal: 'no' })],
    ['a tool call', delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] })],
    ['audio', delta({ audio: { data: 'AAA=' } })],
    ['a second choice', { choices: [{ delta: { content: '' } }, { delta: { content: 'b' } }] }],
    ['completions text', { choices: [{ text: 'a', index: 0 }] }],
    ['Responses text', { type: 'response.output_text.delta', delta: 'a' }],
    ['Responses reasoning', { type: 'response.reasoning_text.delta', delta: 'a' }],
    ['Responses reasoning summary', { type: 'response.reasoning_summary_text.delta', delta: 'a' }],
    ['Responses arguments', { type: 'response.function_call_arguments.delta', delta: '{' }],
    ['Responses refusal', { type: 'response.refusal.delta', delta: 'no' }],
    ['Anthropic text', block({ type: 'text_delta', text: 'a' })],
    ['Anthropic tool input', block({ type: 'input_json_delta', partial_json: '{' })],
    ['Anthropic thinking', block({ type: 'thinking_delta', thinking: 'a' })],
    ['llama.cpp text', { content: 'a', stop: false }],
  ])('sees %s', (_, payload) => {
    expect(carriesContent(payload)).toBe(true)
  })

  it.each([
    ['a role', delta({ role: 'assistant', content: null })],
    ['a role with an empty string', delta({ role: 'assistant', content: '', reasoning: '' })],
    ['a role with no tool calls', delta({ role: 'assistant', content: '', tool_calls: [] })],
    ['a finish reason', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }],
    ['usage', { choices: [], usage: { prompt_tokens: 1 } }],
    ['empty completions text', { choices: [{ text: '', finish_reason: 'length' }] }],
    ['a Responses start', { type: 'response.created', response: { output: [] } }],
    ['an empty Responses delta', { type: 'response.output_text.delta', delta: '' }],
    ['a repeated Responses text', { type: 'response.output_text.done', text: 'a' }],
    ['an Anthropic start', { type: 'message_start', message: { content: [] } }],
    ['an Anthropic block start', { type: 'content_block_start', content_block: { type: 'text', text: '' } }],
    ['an Anthropic ping', { type: 'ping' }],
    ['an Anthropic end', { type: 'message_delta', delta: { stop_reason: 'end_turn' } }],
    ['an empty tool input', block({ type: 'input_json_delta', partial_json: '' })],
    ['the end of llama.cpp', { content: '', stop: true }],
    ['an error', { error: { message: 'content' } }],
    ['no object', 'content'],
    ['nothing', undefined],
  ])('does not count %s', (_, payload) => {
    expect(carriesContent(payload)).toBe(false)
  })
})
