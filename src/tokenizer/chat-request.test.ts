import { describe, expect, it } from 'vitest'
import { parseChatRequest } from './chat-request.ts'
import { parseExactJson } from './exact-json.ts'
import { strftime } from './strftime.ts'

describe('JSON that is rendered', () => {
  it('is taken where both languages print it alike', () => {
    const text = '{"b":[0,-1,0.1,12345,-2.5,true,null,"1.0"],"a":{"x":"\\u00e9"},"list":["0","1"]}'
    expect(parseExactJson(text)).toEqual(JSON.parse(text))
  })

  it.each(['1.0', '1e3', '-0', '12345678901234567890', '0.10', '1E-7'])('is refused with the number %s', (number) => {
    expect(() => parseExactJson(`{"a":[${number}]}`)).toThrow(
      `found the number ${number}; the prompt's bytes are used instead`,
    )
  })

  it('is refused with members that JavaScript would reorder', () => {
    expect(() => parseExactJson('{"b":1,"7":2}')).toThrow("found a member named '7'")
    expect(parseExactJson('{"b":1,"07":2}')).toEqual({ b: 1, '07': 2 })
  })
})

describe('JSON of very many values', () => {
  it('is not walked through', () => {
    const many = `{"messages":[],"logit_bias":[${'1,'.repeat(2_000_000)}1]}`
    const started = performance.now()
    expect(() => parseChatRequest(many)).toThrow('expected a body of at most 200000 values, found more')
    // Walked through it takes half a second.
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('the body of a chat request', () => {
  const text = '{"model":"m","messages":[{"role":"user","content":"é"}],"tools":null,"x":1}'

  it('is taken as bytes, as text or parsed', () => {
    const expected = JSON.parse(text)
    expect(parseChatRequest(text)).toEqual(expected)
    expect(parseChatRequest(new TextEncoder().encode(text))).toEqual(expected)
    expect(parseChatRequest(expected)).toEqual(expected)
  })

  it('may have any numbers and names where no template prints them', () => {
    const body =
      '{"messages":[],"temperature":1.0,"logit_bias":{"50256":-1e2},"response_format":{"schema":{"minimum":0.0}}}'
    expect(parseChatRequest(body)).toEqual(JSON.parse(body))
    const tools = '{"messages":[],"tools":[{"parameters":{"minimum":0.0}}],"temperature":1.0}'
    expect(() => parseChatRequest(tools)).toThrow('found the number 0.0')
  })

  it.each([
    ['no JSON', '{', 'expected JSON, found'],
    ['no messages', '{}', 'expected a chat request, found at messages'],
    ['a number as content', '{"messages":[{"role":"user","content":5}]}', 'found at messages.0.content'],
    ['other bytes', Uint8Array.of(0x22, 0xff, 0x22), 'expected UTF-8'],
  ])('is refused with %s', (_name, body, message) => {
    expect(() => parseChatRequest(body)).toThrow(message)
    expect(() => parseChatRequest(body)).toThrow(expect.objectContaining({ fault: 'inexact' }))
  })
})

describe('the time a template prints', () => {
  it('is written like Python does it', () => {
    const date = new Date(2026, 0, 4, 15, 5, 9)
    expect(strftime(date, '%Y-%m-%d %H:%M:%S %y %B %b %A %a %I%p %-d %-m %% %Q')).toBe(
      '2026-01-04 15:05:09 26 January Jan Sunday Sun 03PM 4 1 % %Q',
    )
  })
})
