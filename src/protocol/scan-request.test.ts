import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodyBytes, faultOf, routeAt, scanAt, scanned } from './testing/canonical-stream.ts'
import { scanRequest } from './scan-request.ts'

const PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/embeddings',
  '/v1/rerank',
  '/v1/score',
  '/tokenize',
  '/detokenize',
]

describe('every route', () => {
  test.each(PATHS)('%s reads the model of an otherwise empty body', (path) => {
    expect(scanned(path, { model: 'm' })).toMatchObject({ model: 'm', prompt: { steps: [], prompts: 1 } })
  })

  test.each(PATHS)('%s wants an object', (path) => {
    expect(faultOf(path, '[1]')).toEqual({
      offset: 0,
      param: '',
      expected: 'an object',
      found: 'an array',
      message: 'The request body: expected an object, found an array at byte 0.',
    })
  })

  test.each(PATHS)('%s refuses what is not JSON', (path) => {
    expect(faultOf(path, '{"model": "m",}')).toEqual({
      offset: 14,
      param: undefined,
      expected: 'a member name in double quotes',
      found: "'}'",
      message: "The request body is not valid JSON: expected a member name in double quotes, found '}' at byte 14.",
    })
    expect(faultOf(path, '').found).toBe('the end of the body')
    expect(faultOf(path, '{"a":"\n"}').found).toBe('byte 0x0a')
  })

  test('gives a result for any JSON value in any field, and never throws', () => {
    const names = ['messages', 'prompt', 'input', 'system', 'tools', 'query', 'documents', 'text_1', 'tokens', 'role']
    const inner = ['role', 'content', 'type', 'text', 'tool_calls', 'function', 'source', 'image_url', 'name', 'url']
    const types = fc.constantFrom('text', 'image_url', 'tool_result', 'image', 'function_call', 'message', 'document')
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        fc.oneof(types, fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...inner), tie('value'), { maxKeys: 5 }),
      ),
    }))
    const seen = { ok: 0, wrong: 0 }
    fc.assert(
      fc.property(fc.constantFrom(...PATHS), fc.dictionary(fc.constantFrom(...names), value), (path, body) => {
        const result = scanAt(path, body)
        seen[result.ok ? 'ok' : 'wrong']++
        expect(result.ok || result.error.param).toBeTruthy()
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(seen.ok, seen.wrong)).toBeGreaterThan(100)
  })
})

test('a body of another route may be anything', () => {
  const other = routeAt('/v1/audio/transcriptions')
  const modelOf = (body: string): unknown => {
    const result = scanRequest(other, bodyBytes(body))
    return result.ok ? (result.value.model ?? 'none') : result.error
  }
  expect(modelOf('{"model":"whisper","stream":"what?"}')).toBe('whisper')
  for (const body of ['', '--boundary\r\n', '{"model":7}', '["model"]', '{"model":"a"', '"model"']) {
    expect(modelOf(body)).toBe('none')
  }
})

test('a body is read where it lies in a larger buffer', () => {
  const whole = Buffer.from('xx{"model":"m","messages":[{"role":"user","content":"hello"}]}yyy')
  const result = scanRequest(routeAt('/v1/chat/completions'), whole.subarray(2, whole.length - 3))
  expect(result).toMatchObject({ ok: true, value: { model: 'm', modelRange: { start: 9, end: 12 } } })
})

test.each([
  ['/v1/chat/completions', { messages: {} }, 'messages', 'an array'],
  ['/v1/chat/completions', { messages: [1, 2, 'x'] }, 'messages[0]', 'an object'],
  ['/v1/chat/completions', { messages: [{}, {}, {}, { role: 1 }] }, 'messages[3].role', 'a string'],
  [
    '/v1/chat/completions',
    { messages: [{ content: {} }] },
    'messages[0].content',
    'a string or an array of content parts',
  ],
  ['/v1/chat/completions', { messages: [{ content: [{ text: 1 }] }] }, 'messages[0].content[0].text', 'a string'],
  [
    '/v1/chat/completions',
    { messages: [{ tool_calls: [{ function: 1 }] }] },
    'messages[0].tool_calls[0].function',
    'an object',
  ],
  ['/v1/chat/completions', { tools: [{ function: { name: 1 } }] }, 'tools[0].function.name', 'a string'],
  ['/v1/completions', { prompt: {} }, 'prompt', 'a string, token ids, or an array of either'],
  ['/v1/completions', { prompt: ['a', {}] }, 'prompt[1]', 'a string or token ids'],
  ['/v1/completions', { prompt: [1, 2, 'a'] }, 'prompt[2]', 'token ids, which are whole numbers'],
  ['/v1/completions', { prompt: [1, 2.5] }, 'prompt[0]', 'token ids, which are whole numbers'],
  ['/v1/responses', { input: 3 }, 'input', 'a string or an array of items'],
  ['/v1/responses', { input: ['a'] }, 'input[0]', 'an object'],
  ['/v1/messages', { system: [{ type: 'text', text: [] }] }, 'system[0].text', 'a string'],
  ['/v1/rerank', { documents: ['a', 1] }, 'documents[1]', 'a string or an object'],
])('%s with %j is wrong at %s', (path, body, param, expected) => {
  expect(faultOf(path, body)).toMatchObject({ param, expected })
})
