import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ReportedUsage } from '../core/outcome.ts'
import { createAnswerMeter } from './answer-meter.ts'
import type { AnswerSummary } from './answer-summary.ts'
import { type Route, routeOf } from './route.ts'
import type { StreamError } from './stream-event.ts'

const encoder = new TextEncoder()
const SSE = 'text/event-stream'

interface Reading extends AnswerSummary {
  /** Bytes that had passed when the first content was reported, -1 for never. */
  readonly first: number
  readonly error: StreamError | undefined
}

function route(path: string): Route {
  const found = routeOf('POST', path)
  if (found === undefined) throw new Error(`no route at ${path}`)
  return found
}

/** What the meter makes of the chunks; fails if it reports the first content twice. */
function readChunks(path: string, contentType: string | undefined, chunks: Iterable<Uint8Array>): Reading {
  const meter = createAnswerMeter(route(path), contentType)
  let first = -1
  let passed = 0
  for (const chunk of chunks) {
    passed += chunk.length
    if (!meter.chunk(chunk)) continue
    expect(first).toBe(-1)
    first = passed
  }
  return { ...meter.finish(), first, error: meter.errorEvent }
}

function* cutAt(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  let from = 0
  for (const to of [...new Set(cuts)].filter((cut) => cut < bytes.length).sort((a, b) => a - b)) {
    yield bytes.subarray(from, to)
    from = to
  }
  yield bytes.subarray(from)
}

/** What the meter makes of the stream byte by byte, which tells the exact place of the first content. */
function readBytes(path: string, stream: string | Uint8Array): Reading {
  const bytes = typeof stream === 'string' ? encoder.encode(stream) : stream
  return readChunks(
    path,
    SSE,
    cutAt(
      bytes,
      Array.from(bytes, (_, i) => i),
    ),
  )
}

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`fixtures/answers/${name}`, import.meta.url))
}

function usage(promptTokens?: number, cachedTokens?: number, completionTokens?: number): ReportedUsage {
  return { promptTokens, cachedTokens, completionTokens }
}

function event(data: unknown, name = ''): string {
  return `${name === '' ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

function delta(fields: object): string {
  return event({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: fields }] })
}

const FINISH = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const DONE = event('[DONE]')

/** Recorded from llama.cpp b11669: path, name, a mark in the first event with content, what is to be known. */
const RECORDED: [string, string, string, number, ReportedUsage][] = [
  ['/v1/chat/completions', 'chat-usage.sse', '"content":"d"', 4, usage(77, 76, 6)],
  ['/v1/chat/completions', 'chat-timings.sse', '"content":"ø"', 10, usage(77, 76, 12)],
  ['/v1/chat/completions', 'chat-progress.sse', '"content":"ø"', 10, usage(77, 0, 12)],
  ['/v1/completions', 'completions.sse', '"text":"a"', 10, usage(8, 0, 12)],
  ['/v1/responses', 'responses.sse', '"delta":"\\""', 12, usage(27, 6, 12)],
  ['/v1/messages', 'messages.sse', 'text_delta', 6, usage(77, 0, 12)],
  ['/v1/completions', 'native.sse', '"content":"a"', 10, usage(8, 7, 12)],
]

describe('createAnswerMeter on recorded streams', () => {
  it.each(RECORDED)('%s: %s', (path, name, mark, events, expected) => {
    const bytes = fixture(name)
    const start = Buffer.from(bytes).indexOf(mark)
    const first = Buffer.from(bytes).indexOf('\n\n', start) + 2
    expect(start).toBeGreaterThan(0)
    expect(readBytes(path, bytes)).toEqual({ first, events, usage: expected, finished: true, error: undefined })
  })

  it.each(RECORDED)('%s: %s says the same in any chunks, with LF or CRLF', (path, name) => {
    for (const end of ['\n', '\r\n']) {
      const bytes = encoder.encode(new TextDecoder().decode(fixture(name)).replaceAll('\n', end))
      const { first, ...exact } = readBytes(path, bytes)
      const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 40 })
      fc.assert(
        fc.property(cuts, (at) => {
          const { first: reported, ...rest } = readChunks(path, SSE, cutAt(bytes, at))
          expect(rest).toEqual(exact)
          expect(reported).toBe(Math.min(bytes.length, ...at.filter((cut) => cut >= first)))
        }),
        { numRuns: 50 },
      )
    }
  })

  it.each(RECORDED)('%s: %s is not finished when it breaks off before its last event', (path, name) => {
    const bytes = fixture(name)
    const lastEvent = Buffer.from(bytes).lastIndexOf('data: ')
    const cut = bytes.subarray(0, lastEvent + 10)
    expect(readChunks(path, SSE, [cut])).toMatchObject({ finished: false, error: undefined })
  })
})

describe('createAnswerMeter on event streams', () => {
  const chat = '/v1/chat/completions'

  it('waits for content behind pings, empty data, roles and starts', () => {
    const before = `: ping\n\n:\r\n\r\ndata:\n\n${delta({ role: 'assistant', content: '' })}${delta({ content: null })}`
    const first = delta({ reasoning: 'h' })
    const reading = readBytes(chat, `${before}${first}${delta({ content: 'i' })}${FINISH}${DONE}`)
    expect(reading).toMatchObject({ first: before.length + first.length, events: 2, finished: true, usage: undefined })
  })

  it('reads a whole stream from one chunk', () => {
    const stream = delta({ role: 'assistant' }) + delta({ content: 'a' }) + delta({ content: 'b' }) + FINISH + DONE
    expect(readChunks(chat, SSE, [encoder.encode(stream)])).toMatchObject({
      first: stream.length,
      events: 2,
      finished: true,
    })
  })

  it('takes the last of the usages on every chunk', () => {
    const withUsage = (content: string, completion: number): string =>
      event({
        choices: [{ delta: { content } }],
        usage: { prompt_tokens: 9, completion_tokens: completion, prompt_tokens_details: null },
      })
    const stream = withUsage('', 0) + withUsage('a', 1) + withUsage('b', 2)
    expect(readBytes(chat, stream)).toMatchObject({ usage: usage(9, undefined, 2), finished: false, events: 2 })
  })

  it('takes nothing for a key, an event or an end that a model only says', () => {
    const said = 'data: [DONE]\n\ndata: {"usage":{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens": 5}}}\n\n'
    const call = { tool_calls: [{ function: { arguments: JSON.stringify({ said }) } }] }
    const stream = delta({ role: 'assistant', content: null }) + delta({ content: said }) + delta(call)
    expect(readBytes(chat, stream)).toMatchObject({ events: 2, usage: undefined, finished: false, error: undefined })
  })

  it("reads Anthropic's tool use and its three parts of the prompt", () => {
    const tokens = { input_tokens: 4, cache_creation_input_tokens: 6, cache_read_input_tokens: 90, output_tokens: 1 }
    const start = event({ type: 'message_start', message: { content: [], usage: tokens } }, 'message_start')
    const block = event({ type: 'content_block_start', content_block: { type: 'tool_use', input: {} } })
    const input = (partial_json: string): string =>
      event({ type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json } }, 'content_block_delta')
    const before = start + event({ type: 'ping' }, 'ping') + block + input('') + input('{"a"')
    const stop = event({ type: 'content_block_stop' })
    const end = event({ type: 'message_delta', delta: {}, usage: { output_tokens: 7 } }, 'message_delta')
    const stream = `${before}${input(':1}')}${stop}${end}${event({ type: 'message_stop' }, 'message_stop')}`
    const known = { first: before.length, events: 2, finished: true, usage: usage(100, 90, 7) }
    expect(readBytes('/v1/messages', stream)).toMatchObject(known)
    expect(readBytes('/v1/messages', before)).toMatchObject({ usage: usage(100, 90, undefined), finished: false })
  })

  it('knows the end of Responses by its type, or by its usage where it is longer than what is kept', () => {
    const first = event({ type: 'response.output_text.delta', delta: 'a' })
    const tokens = { input_tokens: 20, output_tokens: 1, input_tokens_details: { cached_tokens: 16 } }
    for (const size of [10, 4000, 5000, 100_000]) {
      const response = { output: [{ text: 'ø'.repeat(size) }], status: 'completed', usage: tokens }
      const end = event({ type: 'response.completed', response }, 'response.completed')
      const whole = { events: 1, finished: true, usage: usage(20, 16, 1) }
      expect(readBytes('/v1/responses', first + end)).toMatchObject(whole)
      expect(readBytes('/v1/responses', `${first}${end}: ping\n\n`)).toMatchObject(whole)
      expect(readBytes('/v1/responses', first + end.slice(0, -1))).toMatchObject({ events: 1 })
      expect(readBytes('/v1/responses', first + end.slice(0, -200))).toMatchObject({
        finished: false,
        usage: undefined,
      })
    }
    expect(readBytes('/v1/responses', first)).toMatchObject({ finished: false })
  })

  it('holds no more than its limit of an event without content, and goes on behind it', () => {
    const echo = event({ choices: [{ delta: { role: 'assistant' } }], prompt_token_ids: Array(100_000).fill(12345) })
    const first = delta({ content: 'x'.repeat(30_000) })
    const huge = delta({ content: 'y'.repeat(300_000) })
    const reading = readBytes(chat, echo + first + huge + FINISH + DONE)
    expect(reading).toMatchObject({ first: echo.length + first.length, events: 2, finished: true })
  })

  it('finishes a stream without any content', () => {
    const tokens = { prompt_tokens: 9, completion_tokens: 1 }
    const stream = delta({ role: 'assistant', content: '' }) + FINISH + event({ choices: [], usage: tokens })
    const known = { first: -1, events: 0, usage: usage(9, undefined, 1) }
    expect(readBytes(chat, stream)).toMatchObject({ ...known, finished: false })
    expect(readBytes(chat, `${stream}data: [DONE]`)).toMatchObject({ ...known, finished: true })
    expect(readBytes(chat, '')).toEqual({ first: -1, events: 0, usage: undefined, finished: false, error: undefined })
  })

  it('reports an error before the content as soon as it has passed', () => {
    const meter = createAnswerMeter(route(chat), 'Text/Event-Stream; charset=utf-8')
    const stream = encoder.encode(`: ping\n\n${event({ error: { message: 'no memory', code: 500 } })}`)
    expect(meter.chunk(stream.subarray(0, -1))).toBe(false)
    expect(meter.errorEvent).toBeUndefined()
    expect(meter.chunk(stream.subarray(-1))).toBe(false)
    expect(meter.errorEvent).toEqual({ message: 'no memory', type: undefined, code: 500 })
    meter.chunk(encoder.encode(DONE))
    expect(meter.finish()).toEqual({ events: 0, usage: undefined, finished: true })
  })

  it('finds an error behind the content among the last events', () => {
    const stream = delta({ content: 'a' }) + delta({ content: 'b' }) + event({ error: { message: 'broken' } }) + DONE
    expect(readBytes(chat, stream)).toMatchObject({ events: 2, error: { message: 'broken' }, finished: true })
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    const text = event({ type: 'content_block_delta', delta: { text: 'a' } })
    expect(readBytes('/v1/messages', text + event(overloaded, 'error'))).toMatchObject({
      error: { type: 'overloaded_error' },
      finished: false,
    })
  })

  it('expects no end mark on a route it does not know', () => {
    const path = '/v1/audio/transcriptions'
    const stream = event({ type: 'transcript.text.delta', delta: 'a' })
    expect(readBytes(path, stream)).toMatchObject({ first: stream.length, finished: true })
    expect(readBytes(path, `${stream}data: {"type"`)).toMatchObject({ finished: false })
  })

  it('says the same of any events in any chunks', () => {
    const payload = fc.constantFrom(
      delta({ content: 'ø漢"' }),
      delta({ role: 'assistant', content: '' }),
      event({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 3 } }),
      event({ error: { message: 'broken' } }),
      `: ${'p'.repeat(3000)}\n\n`,
      FINISH,
      DONE,
      'data: {"choices":[{"del',
    )
    const cuts = fc.array(fc.nat({ max: 12_000 }), { maxLength: 30 })
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 12 }), cuts, fc.boolean(), (events, at, crlf) => {
        const text = events.join('')
        const bytes = encoder.encode(crlf ? text.replaceAll('\n', '\r\n') : text)
        const { first: exact, ...expected } = readBytes(chat, bytes)
        const { first, ...found } = readChunks(chat, SSE, cutAt(bytes, at))
        expect(found).toEqual(expected)
        expect(first >= 0).toBe(exact >= 0)
      }),
      { numRuns: 200 },
    )
  })
})

describe('createAnswerMeter on JSON answers', () => {
  it.each(['application/json; charset=utf-8', 'APPLICATION/problem+json'])('takes the first byte of %s', (type) => {
    const chunks = ['', '{', '"usage":{"prompt_tokens":3}}'].map((text) => encoder.encode(text))
    const known = { events: 0, usage: usage(3), finished: true, error: undefined }
    expect(readChunks('/v1/embeddings', type, chunks)).toEqual({ ...known, first: 1 })
  })
})

describe('createAnswerMeter on anything else', () => {
  it.each(['audio/mpeg', undefined, ''])('counts the first byte of %s as content', (contentType) => {
    const chunks = [new Uint8Array(0), new Uint8Array(3), new Uint8Array(5)]
    expect(readChunks('/v1/audio/speech', contentType, chunks)).toEqual({
      first: 3,
      events: 0,
      usage: undefined,
      finished: true,
      error: undefined,
    })
  })
})
