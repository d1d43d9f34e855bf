import { expect, test } from 'vitest'
import { textAnswer, toolAnswer, toolCallText } from './answer.ts'
import type { Answer } from './answer.ts'
import { PromptWriter } from './prompt-writer.ts'

function written(answer: Answer, count: number): string {
  const writer = new PromptWriter()
  answer.write(writer, count)
  return Buffer.from(writer.tokens().slice().buffer).toString()
}

function said(answer: Answer, count: number): string {
  return Array.from({ length: count }, (_, index) => answer.text(index)).join('')
}

test('a text is words of one token each, the same for the same seed', () => {
  const text = said(textAnswer(7, ''), 50)
  expect(text).toMatch(/^(?:[a-z]{3} ){50}$/)
  expect(said(textAnswer(7, ''), 50)).toBe(text)
  expect(said(textAnswer(8, ''), 50)).not.toBe(text)
})

test('what a text says is what it writes, the completion of the prompt aside', () => {
  expect(said(textAnswer(7, 'ab'), 20)).toBe(`ab${written(textAnswer(7, 'ab'), 20)}`)
})

test('the tokens of a function call are those of the call in a prompt, and its text the arguments', () => {
  const call = { name: 'get_weather', arguments: '{"city":"Oslo","days":3}' }
  const answer = toolAnswer(call)
  expect(written(answer, answer.tokens).trimEnd()).toBe(toolCallText(call))
  expect(said(answer, answer.tokens)).toBe(call.arguments)
  expect(answer.tool).toBe('get_weather')
})
