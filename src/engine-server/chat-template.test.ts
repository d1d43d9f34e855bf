import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderConversation } from './chat-template.ts'
import type { Conversation, Part, Turn } from './chat-template.ts'
import { PromptWriter } from './prompt-writer.ts'

function rendered(turns: readonly Turn[], toolsJson = '', answerFollows = false): Buffer {
  const conversation: Conversation = { turns, tools: [], toolsJson, toolChoice: undefined }
  const writer = new PromptWriter()
  renderConversation(writer, conversation, answerFollows)
  expect(writer.length % 4).toBe(0)
  return Buffer.from(writer.tokens().slice().buffer)
}

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text): Part => ({ kind: 'text', text })),
  fc.string().map((content): Part => ({ kind: 'media', content })),
  fc.record({ name: fc.string(), arguments: fc.string() }).map((call): Part => ({ kind: 'tool-call', ...call })),
)

const turn = fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool'), parts: fc.array(part) })

test('renders turns in the manner of ChatML, in whole tokens', () => {
  const text = rendered([{ role: 'user', parts: [{ kind: 'text', text: 'Hello' }] }], '[{}]', true).toString()
  expect(text).toBe(
    '<|im_start|>tools      \n[{}]<|im_end|> \n' +
      '<|im_start|>user   \nHello   <|im_end|> \n' +
      '<|im_start|>assistant      \n',
  )
})

test('a longer conversation begins with the bytes of a shorter one', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 6 }), fc.nat(6), fc.constantFrom('', '[{"a":1}]'), (turns, cut, tools) => {
      const short = rendered(turns.slice(0, cut), tools)
      const long = rendered(turns, tools)
      expect(long.subarray(0, short.length).equals(short)).toBe(true)
    }),
  )
})

test('an answer stands in the next prompt where it was generated', () => {
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 4 }), fc.nat(30), (turns, words) => {
      const answer = 'abc '.repeat(words)
      const asked = Buffer.concat([rendered(turns, '', true), Buffer.from(answer)])
      // Clients may cut the space at the end of an answer.
      for (const text of [answer, answer.trimEnd()]) {
        const next = rendered([...turns, { role: 'assistant', parts: [{ kind: 'text', text }] }, ...turns])
        expect(next.subarray(0, asked.length).equals(asked)).toBe(true)
      }
    }),
  )
})
