import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerAssembly } from './answer-assembly.ts'

const encoder = new TextEncoder()

function assembled(chat: boolean, events: readonly unknown[], pieceLength = 7): AnswerAssembly {
  const assembly = new AnswerAssembly(chat)
  const bytes = encoder.encode(
    [...events.map((payload) => JSON.stringify(payload)), '[DONE]'].map((data) => `data: ${data}\n\n`).join(''),
  )
  for (let i = 0; i < bytes.length; i += pieceLength) assembly.chunk(bytes.subarray(i, i + pieceLength))
  return assembly
}

function answerOf(chat: boolean, events: readonly unknown[]): unknown {
  return JSON.parse(assembled(chat, events).answer())
}

const base = { created: 7, id: 'chatcmpl-1', model: 'tiny', system_fingerprint: 'b1', object: 'chat.completion.chunk' }
const chat = (delta: object, more: object = {}): object => ({
  ...base,
  choices: [{ finish_reason: null, index: 0, delta, ...more }],
})
const usage = {
  completion_tokens: 2,
  prompt_tokens: 21,
  total_tokens: 23,
  prompt_tokens_details: { cached_tokens: 20 },
}
const timings = { cache_n: 20, prompt_n: 1, predicted_n: 2, predicted_ms: 0.319 }

describe('an answer put together', () => {
  test('is the plain chat answer of llama.cpp', () => {
    const answer = answerOf(true, [
      chat({ role: 'assistant', content: null }),
      chat({ content: 'u' }),
      chat({ content: 'é' }),
      chat({}, { finish_reason: 'length' }),
      { ...base, choices: [], usage, timings },
    ])
    expect(answer).toEqual({
      choices: [{ finish_reason: 'length', index: 0, message: { role: 'assistant', content: 'ué' } }],
      created: 7,
      model: 'tiny',
      system_fingerprint: 'b1',
      object: 'chat.completion',
      usage,
      id: 'chatcmpl-1',
      timings,
    })
  })

  test('joins reasoning and log probabilities', () => {
    const logprob = (token: string): object => ({ logprobs: { content: [{ token, logprob: -4.700511455535889 }] } })
    const answer = answerOf(true, [
      chat({ role: 'assistant', content: null }),
      chat({ reasoning_content: 'because ' }, logprob('because ')),
      chat({ reasoning_content: 'so' }, logprob('so')),
      chat({ content: 'yes' }, logprob('yes')),
      chat({}, { finish_reason: 'stop' }),
    ])
    expect(answer).toMatchObject({
      choices: [
        {
          message: { role: 'assistant', content: 'yes', reasoning_content: 'because so' },
          logprobs: {
            content: ['because ', 'so', 'yes'].map((token) => ({ token, logprob: -4.700511455535889 })),
          },
        },
      ],
    })
  })

  test('merges tool calls, whose text is null', () => {
    const call = (index: number, more: object): object => ({ tool_calls: [{ index, ...more }] })
    const answer = answerOf(true, [
      chat({ role: 'assistant', content: null }),
      chat(call(0, { id: 'a1', type: 'function', function: { name: 'f', arguments: '{"x' } })),
      chat(call(0, { function: { arguments: '":1}' } })),
      chat(call(1, { id: 'b2', type: 'function', function: { name: 'g', arguments: '{}' } })),
      chat({}, { finish_reason: 'tool_calls' }),
    ])
    expect(answer).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'a1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
              { id: 'b2', type: 'function', function: { name: 'g', arguments: '{}' } },
            ],
          },
        },
      ],
    })
    expect(JSON.stringify(answer)).not.toContain('"index":1')
  })

  test('is the plain completion of llama.cpp, its log probabilities null where none were asked for', () => {
    const text = (piece: string, more: object = {}): object => ({
      ...base,
      object: 'text_completion',
      choices: [{ text: piece, index: 0, logprobs: null, finish_reason: null, ...more }],
    })
    const last = { ...text('', { finish_reason: 'length' }), usage, timings }
    expect(answerOf(false, [null, text('a'), text('b'), last])).toEqual({
      ...base,
      object: 'text_completion',
      choices: [{ text: 'ab', index: 0, logprobs: null, finish_reason: 'length' }],
      usage,
      timings,
    })
    const logprobs = (token: string): object => ({ logprobs: { content: [{ token }] } })
    expect(answerOf(false, [text('a', logprobs('a')), text('b', logprobs('b')), last])).toMatchObject({
      choices: [{ logprobs: { content: [{ token: 'a' }, { token: 'b' }] } }],
    })
  })

  test('has an empty text where nothing was said', () => {
    expect(answerOf(true, [chat({}, { finish_reason: 'stop' })])).toMatchObject({
      choices: [{ message: { content: '' } }],
    })
  })

  test('is there only when the stream came to its end', () => {
    const assembly = new AnswerAssembly(true)
    assembly.chunk(encoder.encode(`data: ${JSON.stringify(chat({ content: 'a' }))}\n\n`))
    expect(assembly.complete).toBe(false)
    assembly.chunk(encoder.encode('data: [DONE]\n\n'))
    expect(assembly.complete).toBe(true)
    expect(assembled(true, []).complete).toBe(false)
  })

  test('keeps an error as the engine wrote it', () => {
    const error = { error: { code: 500, message: 'Compute error.', type: 'server_error' } }
    expect(assembled(true, [chat({ content: 'a' }), error]).failure).toEqual(error)
  })

  test('says the same however the text is split', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 40 }), (pieces, length) => {
        const events = [...pieces.map((content) => chat({ content })), chat({}, { finish_reason: 'stop' })]
        expect(JSON.parse(assembled(true, events, length).answer())).toMatchObject({
          choices: [{ message: { content: pieces.join('') } }],
        })
      }),
      { numRuns: 50 },
    )
  })
})
