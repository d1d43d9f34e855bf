import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAnswerReader } from './answer-reader.ts'
import { ending, event, role, token } from './testing/scripted-engine.ts'

/** Reads a stream cut into pieces at the given places; the clock counts the pieces. */
function read(stream: string, cuts: readonly number[] = [], keepText = true) {
  let piece = 0
  const reader = createAnswerReader(() => piece, keepText)
  const bytes = Buffer.from(stream)
  const places = [...cuts.map((cut) => cut % bytes.length), 0, bytes.length].sort((a, b) => a - b)
  for (let i = 1; i < places.length; i++) {
    piece++
    const chunk = bytes.subarray(places[i - 1], places[i])
    if (chunk.length > 0) reader.feed(chunk)
  }
  return reader.answer
}

test('the first content counts, not the role and not a comment', () => {
  const reader = createAnswerReader(() => 42, true)
  reader.feed(Buffer.from(`: waiting\n\n${role}`))
  expect(reader.answer).toMatchObject({ firstContentAt: undefined, contentEvents: 0, finished: false })
  reader.feed(Buffer.from(token('Hei')))
  expect(reader.answer).toMatchObject({ firstContentAt: 42, contentEvents: 1, text: 'Hei' })
})

test('a stream means the same however it is cut', () => {
  const stream = role + token('grüße') + token(' 👋') + token('"quoted"\n') + ending(12, 8, 3)
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (cuts, keepText) => {
      expect(read(stream, cuts, keepText)).toMatchObject({
        contentEvents: 3,
        text: keepText ? 'grüße 👋"quoted"\n' : '',
        usage: { promptTokens: 12, cachedTokens: 8, outputTokens: 3 },
        finished: true,
        problem: undefined,
      })
    }),
  )
})

test('reads streams written with carriage returns, spaces and several fields', () => {
  const stream =
    'event: x\r\ndata: {"choices": [{"text": "a", "finish_reason": null}]}\r\n\r\ndata:{"choices": [{"text": "b", "finish_reason": "stop"}]}\r\n\r\n'
  expect(read(stream)).toMatchObject({ text: 'ab', contentEvents: 2, finished: true })
})

test('reasoning and tool calls are output, but no text of the answer', () => {
  const reasoning = event({ choices: [{ delta: { reasoning_content: 'hm' }, finish_reason: null }] })
  const call = event({
    choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{' } }] }, finish_reason: null }],
  })
  expect(read(reasoning + call)).toMatchObject({ contentEvents: 2, text: '', firstContentAt: 1 })
})

test('usage without cached tokens leaves them open', () => {
  const stream = event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: null } })
  expect(read(stream).usage).toEqual({ promptTokens: 5, outputTokens: 1, cachedTokens: undefined })
})

test('errors in the stream are found, also after tokens', () => {
  const error = event({ error: { message: 'out of memory' } })
  expect(read(token('a') + token('b') + error, [], false).problem).toEqual({
    kind: 'engine-error',
    message: '{"message":"out of memory"}',
  })
  expect(read(event('not json')).problem?.kind).toBe('bad-event')
})
