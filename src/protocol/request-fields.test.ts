import { describe, expect, test } from 'vitest'
import { bodyBytes, faultOf, scanned } from './testing/canonical-stream.ts'

const CHAT = '/v1/chat/completions'

describe('the fields of a request', () => {
  test('are read where they stand', () => {
    const body = {
      stream: true,
      n: 3,
      max_tokens: 100,
      max_completion_tokens: 64,
      cache_salt: 'salt',
      priority: -2,
      model: 'org/model-Ä',
      stream_options: { include_usage: true },
      unknown: [{ anything: 1 }],
    }
    const scan = scanned(CHAT, body)
    expect(scan).toMatchObject({
      model: 'org/model-Ä',
      stream: true,
      includeUsage: true,
      maxTokens: 64,
      choices: 3,
      cacheSalt: 'salt',
      session: undefined,
      priority: -2,
    })
    const { start, end } = scan.modelRange!
    expect(new TextDecoder().decode(bodyBytes(body).subarray(start, end))).toBe('"org/model-Ä"')
  })

  test('have defaults, for null as well as for none', () => {
    const defaults = {
      model: undefined,
      modelRange: undefined,
      stream: false,
      includeUsage: false,
      maxTokens: undefined,
      choices: 1,
      cacheSalt: undefined,
      session: undefined,
      priority: undefined,
    }
    const { prompt: _, places: _places, ...fields } = scanned(CHAT, {})
    expect(fields).toEqual(defaults)
    const nothing = [
      'model',
      'messages',
      'stream',
      'stream_options',
      'max_tokens',
      'n',
      'cache_salt',
      'user',
      'metadata',
    ]
    const {
      prompt: __,
      places: __places,
      ...nulls
    } = scanned(CHAT, Object.fromEntries(nothing.map((name) => [name, null])))
    expect(nulls).toEqual(defaults)
  })

  test('take the last of two members, and a name however it is spelled', () => {
    const scan = scanned(CHAT, '{"model":"a","mod\\u0065l":"b\\n\\u00e9","stream":true,"stream":null}')
    expect(scan).toMatchObject({ model: 'b\né', stream: false })
  })

  test('count the answers of best_of, and no limit below zero', () => {
    expect(scanned('/v1/completions', { best_of: 4, n: 2 }).choices).toBe(4)
    expect(scanned('/v1/completions', { n: 0 }).choices).toBe(1)
    expect(scanned(CHAT, { max_tokens: -1 }).maxTokens).toBeUndefined()
    expect(scanned('/v1/responses', { max_output_tokens: 12, max_tokens: -1 }).maxTokens).toBe(12)
  })

  test('read the same again after other requests', () => {
    const models = Array.from({ length: 600 }, (_, i) => `model-${i % 300}`)
    for (const model of models) expect(scanned(CHAT, { model }).model).toBe(model)
  })
})

describe('the session', () => {
  test('is the narrowest hint', () => {
    const hints = {
      user: 'user',
      metadata: { user_id: 'meta' },
      previous_response_id: 'resp',
      conversation: { id: 'conv' },
      session_id: 'session',
      prompt_cache_key: 'key',
    }
    const names = Object.keys(hints)
    const found = names.map((_, i) => scanned(CHAT, Object.fromEntries(Object.entries(hints).slice(0, i + 1))).session)
    expect(found).toEqual(['user', 'meta', 'resp', 'conv', 'session', 'key'])
  })

  test('may be a number, a conversation without an object, and is not an empty string', () => {
    expect(scanned(CHAT, { session_id: 12, user: 'u' }).session).toBe('12')
    expect(scanned('/v1/responses', { conversation: 'conv_1' }).session).toBe('conv_1')
    expect(scanned(CHAT, { session_id: '', prompt_cache_key: null, user: 'u' }).session).toBe('u')
  })
})

test.each([
  [{ model: 7 }, 'model', 'a string', 'the number 7'],
  [{ stream: 'yes' }, 'stream', 'true or false', 'a string'],
  [{ stream_options: [] }, 'stream_options', 'an object', 'an array'],
  [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage', 'true or false', 'the number 1'],
  [{ max_tokens: '12' }, 'max_tokens', 'a number', 'a string'],
  [{ n: true }, 'n', 'a number', 'true'],
  [{ cache_salt: {} }, 'cache_salt', 'a string', 'an object'],
  [{ user: ['a'] }, 'user', 'a string', 'an array'],
  [{ conversation: { id: false } }, 'conversation.id', 'a string', 'false'],
  [{ metadata: { user_id: {} } }, 'metadata.user_id', 'a string', 'an object'],
  [{ priority: 'high' }, 'priority', 'a number', 'a string'],
])('%j is wrong at %s', (body, param, expected, found) => {
  const error = faultOf(CHAT, body)
  expect(error).toMatchObject({ param, expected, found })
  expect(error.message).toBe(`${param}: expected ${expected}, found ${found} at byte ${error.offset}.`)
})
