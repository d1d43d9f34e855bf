import { expect, test } from 'vitest'
import { MEDIA_TOKENS, PromptWriter } from './prompt-writer.ts'

test('four bytes are one token, the last one filled up with zeros', () => {
  const writer = new PromptWriter()
  writer.text('abcdef')
  expect([...writer.tokens()]).toEqual([0x64636261, 0x00006665])
})

test('text is UTF-8', () => {
  const writer = new PromptWriter()
  writer.text('ö€')
  expect(writer.length).toBe(5)
})

test('padding completes a token with spaces and does nothing behind a whole one', () => {
  const writer = new PromptWriter()
  writer.text('ab')
  writer.pad()
  writer.pad()
  expect([...writer.tokens()]).toEqual([0x20206261])
})

test('keeps what is written while it grows', () => {
  const writer = new PromptWriter()
  writer.text('start')
  writer.text('x'.repeat(200_000))
  expect(writer.length).toBe(200_005)
  expect(Buffer.from(writer.tokens().slice(0, 2).buffer).toString()).toBe('startxxx')
})

test('media take a fixed number of tokens that follow from the content', () => {
  const tokensOf = (content: string): number[] => {
    const writer = new PromptWriter()
    writer.text('abc')
    writer.media(content)
    return [...writer.tokens()]
  }
  expect(tokensOf('data:image/png;base64,AAAA')).toHaveLength(1 + MEDIA_TOKENS)
  expect(tokensOf('one')).toEqual(tokensOf('one'))
  expect(tokensOf('one').slice(1)).not.toEqual(tokensOf('two').slice(1))
})

test('what is cut off leaves no trace in the next tokens', () => {
  const writer = new PromptWriter()
  writer.text('abcdefgh')
  writer.truncate(1)
  expect([...writer.tokens()]).toEqual([0x61])
})
