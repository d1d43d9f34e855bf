import { describe, expect, it } from 'vitest'
import { mergedUsage, usageInText, usageOf } from './usage.ts'

describe('usageOf', () => {
  it('reads chat and completions', () => {
    const usage = { prompt_tokens: 20, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 16 } }
    expect(usageOf({ usage })).toEqual({ promptTokens: 20, cachedTokens: 16, completionTokens: 5 })
  })

  it('knows no cached tokens where the engine says null or nothing, but knows 0', () => {
    const usage = { prompt_tokens: 20, completion_tokens: 5 }
    const silent = { promptTokens: 20, cachedTokens: undefined, completionTokens: 5 }
    expect(usageOf({ usage })).toEqual(silent)
    expect(usageOf({ usage: { ...usage, prompt_tokens_details: null } })).toEqual(silent)
    expect(usageOf({ usage: { ...usage, prompt_tokens_details: { cached_tokens: null } } })).toEqual(silent)
    expect(usageOf({ usage: { ...usage, prompt_tokens_details: { cached_tokens: 0 } } })).toMatchObject({
      cachedTokens: 0,
    })
  })

  it('reads Responses, in the answer and inside an event', () => {
    const usage = { input_tokens: 20, output_tokens: 5, input_tokens_details: { cached_tokens: 16 } }
    const expected = { promptTokens: 20, cachedTokens: 16, completionTokens: 5 }
    expect(usageOf({ usage })).toEqual(expected)
    expect(usageOf({ type: 'response.completed', response: { usage } })).toEqual(expected)
  })

  it("adds up Anthropic's three parts of a prompt", () => {
    const usage = { input_tokens: 4, cache_read_input_tokens: 10, cache_creation_input_tokens: 6, output_tokens: 5 }
    expect(usageOf({ usage })).toEqual({ promptTokens: 20, cachedTokens: 10, completionTokens: 5 })
    expect(usageOf({ usage: { input_tokens: 4, cache_read_input_tokens: null, output_tokens: 1 } })).toEqual({
      promptTokens: 4,
      cachedTokens: undefined,
      completionTokens: 1,
    })
  })

  it('takes no output count from message_start', () => {
    const message = { usage: { input_tokens: 4, cache_read_input_tokens: 3, output_tokens: 1 } }
    expect(usageOf({ type: 'message_start', message })).toEqual({
      promptTokens: 7,
      cachedTokens: 3,
      completionTokens: undefined,
    })
  })

  it("reads llama.cpp's timings and progress", () => {
    const timings = { cache_n: 76, prompt_n: 1, prompt_ms: 2.4, predicted_n: 4 }
    expect(usageOf({ timings })).toEqual({ promptTokens: 77, cachedTokens: 76, completionTokens: 4 })
    expect(usageOf({ timings, usage: { prompt_tokens: 77, completion_tokens: 5 } })).toEqual({
      promptTokens: 77,
      cachedTokens: 76,
      completionTokens: 5,
    })
    expect(usageOf({ prompt_progress: { total: 77, cache: 60, processed: 70 } })).toEqual({
      promptTokens: 77,
      cachedTokens: 60,
      completionTokens: undefined,
    })
  })

  it.each([
    ['no object', 5],
    ['usage null', { usage: null }],
    ['no known field', { usage: { tokens: 3 } }],
    ['wrong types', { usage: { prompt_tokens: '3', completion_tokens: -1, input_tokens: 1.5 } }],
    ['an empty prompt', { usage: { input_tokens: 0 } }],
  ])('says nothing of %s', (_, payload) => {
    expect(usageOf(payload)).toBeUndefined()
  })
})

describe('usageInText', () => {
  it('takes the last complete block, whatever comes before and behind', () => {
    const text =
      '1}},"usage":{"prompt_tokens":1}} "usage" : {"prompt_tokens":2,"a":{"b":"}"}}, "x":1} "usage":null "usage":{"pro'
    expect(usageInText(text)).toMatchObject({ promptTokens: 2 })
  })

  it('is not fooled by text, however it is quoted', () => {
    const said =
      '"usage":{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens": 5}} \\"usage\\":{"prompt_tokens":6}'
    const twice = JSON.stringify({ arguments: JSON.stringify({ content: said }) })
    expect(usageInText(JSON.stringify({ content: said }))).toBeUndefined()
    expect(usageInText(twice)).toBeUndefined()
    expect(usageInText(`{"usage":{"prompt_tokens":9},"content":${JSON.stringify(said)}}`)).toMatchObject({
      promptTokens: 9,
    })
    expect(usageInText('{"content":"usage","x":{"prompt_tokens":9}}')).toBeUndefined()
  })
})

describe('mergedUsage', () => {
  it('keeps the larger prompt and the later counts', () => {
    const start = { promptTokens: 100, cachedTokens: 90, completionTokens: undefined }
    const end = { promptTokens: 10, cachedTokens: undefined, completionTokens: 7 }
    expect(mergedUsage(start, end)).toEqual({ promptTokens: 100, cachedTokens: 90, completionTokens: 7 })
    expect(mergedUsage(undefined, end)).toBe(end)
    expect(mergedUsage(start, undefined)).toBe(start)
  })
})
