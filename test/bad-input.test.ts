import { connect } from 'node:net'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHAT, chatBody } from './testing/chat.ts'
import { inFlight } from './testing/endpoint-views.ts'
import { anthropicError, errorAnswer, fetchedError, openAiError } from './testing/error-shape.ts'
import { eventually } from './testing/eventually.ts'
import { type FakeEngine, fakeEngine } from './testing/fake-engine.ts'
import { heldAnswers } from './testing/held-answers.ts'
import { post } from './testing/post.ts'
import { rawHttp } from './testing/raw-http.ts'
import { type RunningRouter, runRouter } from './testing/router-fixture.ts'

const MESSAGES = '/v1/messages'
const MIB = 1024 * 1024
const user = { role: 'user', content: 'hello' }

let engine: FakeEngine
let router: RunningRouter

beforeAll(async () => {
  engine = await fakeEngine()
  router = await runRouter({ endpoints: [{ url: engine.url, id: 'e' }] })
})

afterAll(async () => {
  await router.router.stop()
  await engine[Symbol.asyncDispose]()
})

/** The router answers a good request on the same port, and nothing of the bad ones is left. */
async function expectUnharmed({ gateway, admin }: { gateway: string; admin: string } = router): Promise<void> {
  const answer = await post(gateway + CHAT, chatBody())
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ choices: expect.any(Array) })])
  await eventually('no request in flight', async () => (await inFlight(admin)) === 0)
}

/** Posts to the shared router and checks that no engine saw it and that the router is unharmed. */
async function refused(path: string, body: string, headers: Record<string, string> = {}) {
  const seen = engine.requests.length
  const answer = await fetchedError(post(router.gateway + path, body, headers))
  expect(engine.requests.length).toBe(seen)
  await expectUnharmed()
  return answer
}

describe('a body that is not JSON', () => {
  const broken: [name: string, body: string, message: RegExp][] = [
    ['nothing', '', /not valid JSON.*expected .*found the end of the body at byte 0/],
    ['half an object', '{"model":"m","messages":[', /expected .*found the end of the body at byte 25/],
    ['a trailing comma', '{"model":"m",}', /expected .*found '}' at byte 13/],
    ['a bare word', 'nonsense', /expected .*found 'n' at byte 0/],
    ['something behind it', '{"model":"m"} x', /expected .*found 'x' at byte 14/],
    ['a control character in a string', '{"model":"a\nb"}', /expected .*found byte 0x0a at byte 11/],
    ['an unknown escape', '{"model":"\\x"}', /expected .*found 'x' at byte 11/],
    ['a number with a leading zero', '{"n":01}', /expected .*at byte 6/],
    ['an endless nesting', `{"messages":${'['.repeat(100_000)}`, /expected .*found/],
  ]

  it.each(broken)('is refused with the place of the fault: %s', async (_name, body, message) => {
    const expected = { status: 400, code: 'malformed_json', message }
    expect(await refused(CHAT, body)).toEqual(openAiError({ ...expected, type: 'invalid_request_error' }))
    expect(await refused(MESSAGES, body)).toEqual(anthropicError({ ...expected, type: 'invalid_request_error' }))
  })

  it.each(['[]', 'null', '"text"', '5', '[{"model":"m"}]'])('is refused when it is no object: %s', async (body) => {
    const expected = { status: 400, code: 'invalid_request', message: /must be an object, but is/ }
    expect(await refused(CHAT, body)).toEqual(openAiError({ ...expected, param: 'body' }))
    expect(await refused(MESSAGES, body)).toEqual(anthropicError(expected))
  })
})

describe('a field of the wrong type', () => {
  type Case = [path: string, fields: object, param: string, expected: string, found: string]
  const wrong: Case[] = [
    [CHAT, { messages: 'hello' }, 'messages', 'an array', 'a string'],
    [CHAT, { messages: [user, 'hello'] }, 'messages[1]', 'an object', 'a string'],
    [CHAT, { messages: [user, user, user, { role: 7 }] }, 'messages[3].role', 'a string', 'the number 7'],
    [CHAT, { messages: [{ role: 'user', content: 5 }] }, 'messages[0].content', 'a string or an array', 'the number 5'],
    [CHAT, { messages: [{ role: 'user', content: [true] }] }, 'messages[0].content[0]', 'a content part', 'true'],
    [CHAT, { messages: [user], stream: 'yes' }, 'stream', 'true or false', 'a string'],
    [CHAT, { messages: [user], model: 5 }, 'model', 'a string', 'the number 5'],
    [CHAT, { messages: [user], max_tokens: 'many' }, 'max_tokens', 'a number', 'a string'],
    [CHAT, { messages: [user], stream_options: [] }, 'stream_options', 'an object', 'an array'],
    [CHAT, { messages: [user], tools: {} }, 'tools', 'an array', 'an object'],
    [CHAT, { messages: [user], n: {} }, 'n', 'a number', 'an object'],
    [CHAT, { messages: [user], cache_salt: 5 }, 'cache_salt', 'a string', 'the number 5'],
    ['/v1/completions', { prompt: 5 }, 'prompt', 'a string, token ids', 'the number 5'],
    ['/v1/completions', { prompt: {} }, 'prompt', 'a string, token ids', 'an object'],
    ['/v1/completions', { prompt: ['a', true] }, 'prompt[1]', 'a string or token ids', 'true'],
    ['/v1/completions', { prompt: 'a', stream: 1 }, 'stream', 'true or false', 'the number 1'],
    ['/v1/completions', { prompt: 'a', model: [] }, 'model', 'a string', 'an array'],
    ['/v1/responses', { input: 5 }, 'input', 'a string or an array of items', 'the number 5'],
    ['/v1/responses', { input: ['a'] }, 'input[0]', 'an object', 'a string'],
    ['/v1/responses', { input: 'a', instructions: 5 }, 'instructions', 'a string or an array', 'the number 5'],
    ['/v1/responses', { input: 'a', max_output_tokens: 'x' }, 'max_output_tokens', 'a number', 'a string'],
    [MESSAGES, { messages: {} }, 'messages', 'an array', 'an object'],
    [MESSAGES, { messages: [user, user, user, { role: 7 }] }, 'messages[3].role', 'a string', 'the number 7'],
    [MESSAGES, { messages: [user], system: 5 }, 'system', 'a string or an array', 'the number 5'],
    [MESSAGES, { messages: [user], max_tokens: '8' }, 'max_tokens', 'a number', 'a string'],
    [MESSAGES, { messages: [user], stream: 'yes' }, 'stream', 'true or false', 'a string'],
    ['/v1/messages/count_tokens', { messages: 'a' }, 'messages', 'an array', 'a string'],
    ['/v1/embeddings', { input: {} }, 'input', 'a string, token ids', 'an object'],
    ['/v1/embeddings', { input: ['a', true] }, 'input[1]', 'a string or token ids', 'true'],
    ['/v1/embeddings', { input: 'a', model: 1 }, 'model', 'a string', 'the number 1'],
    ['/v1/rerank', { query: 5, documents: ['a'] }, 'query', 'a string or an object', 'the number 5'],
    ['/v1/rerank', { query: 'q', documents: ['a', true] }, 'documents[1]', 'a string or an object', 'true'],
    ['/v1/score', { text_1: 3, text_2: 'a' }, 'text_1', 'a string or an object', 'the number 3'],
    ['/v1/score', { text_1: 'a', text_2: [false] }, 'text_2[0]', 'a string or an object', 'false'],
    ['/tokenize', { prompt: 7 }, 'prompt', 'a string, token ids', 'the number 7'],
    ['/tokenize', { messages: 'a' }, 'messages', 'an array', 'a string'],
    ['/detokenize', { tokens: 5 }, 'tokens', 'a string, token ids', 'the number 5'],
  ]

  it.each(wrong)('%s %j', async (path, fields, param, expected, found) => {
    const answer = await refused(path, JSON.stringify({ model: 'm', ...fields }))
    const escaped = `'${param}' must be ${expected}`.replace(/[[\].]/g, '\\$&')
    const message = new RegExp(`^${escaped}.*, but is ${found}\\.$`)
    const error = { status: 400, code: 'invalid_request', type: 'invalid_request_error', message, param }
    const shape = path.startsWith(MESSAGES) ? anthropicError : openAiError
    expect(answer).toEqual(shape(error))
  })

  it('takes null for missing', async () => {
    const answer = await post(router.gateway + CHAT, chatBody({ stream: null, max_tokens: null, tools: null }))
    expect(answer.status).toBe(200)
    await expectUnharmed()
  })
})

describe('a model', () => {
  it('that nobody serves is refused with the names there are', async () => {
    const body = chatBody({ model: 'gpt-5' })
    const expected = { status: 404, code: 'model_not_found', message: /'gpt-5' is not served here.*Known models: 'm'/ }
    expect(await refused(CHAT, body)).toEqual(openAiError({ ...expected, type: 'invalid_request_error' }))
    expect(await refused(MESSAGES, body)).toEqual(anthropicError({ ...expected, type: 'not_found_error' }))
    for (const path of ['/v1/completions', '/v1/responses', '/v1/embeddings', '/v1/rerank', '/v1/score']) {
      expect(await refused(path, '{"model":"gpt-5"}')).toEqual(openAiError(expected))
    }
  })

  it('that is missing is refused where several are served, and taken where one is', async () => {
    await using both = await fakeEngine(undefined, 0, { health: 200, models: ['m', 'n'] })
    await using several = await runRouter({ endpoints: [both.url] })
    const body = chatBody({ model: undefined })
    const message = /'model' must be one of m, n, but is missing/
    const error = { status: 400, code: 'invalid_request', param: 'model', message }
    expect(await fetchedError(post(several.gateway + CHAT, body))).toEqual(openAiError(error))
    expect(await fetchedError(post(several.gateway + MESSAGES, body))).toEqual(anthropicError(error))
    await expectUnharmed(several)
    expect((await post(router.gateway + CHAT, body)).status).toBe(200)
  })
})

describe('a body over the limit', () => {
  const large = chatBody({ messages: [{ role: 'user', content: 'x'.repeat(50 * MIB) }] })
  const error = { status: 413, code: 'body_too_large', message: /larger than the limit of 33554432 bytes/ }

  function postChunked(url: string, text: string): Promise<Response> {
    const bytes = Buffer.from(text)
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        if (sent >= bytes.length) return controller.close()
        controller.enqueue(bytes.subarray(sent, (sent += MIB)))
      },
    })
    return fetch(url, { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } })
  }

  it('is refused when its length is announced', async () => {
    expect(await refused(CHAT, large)).toEqual(openAiError(error))
    expect(await refused(MESSAGES, large)).toEqual(anthropicError({ ...error, type: 'request_too_large' }))
  })

  it('is refused when it comes in chunks', async () => {
    expect(await fetchedError(postChunked(router.gateway + CHAT, large))).toEqual(openAiError(error))
    expect(await fetchedError(postChunked(router.gateway + MESSAGES, large))).toEqual(anthropicError(error))
    await expectUnharmed()
  })

  it('passes, whole, with a higher limit', async () => {
    await using wide = await runRouter({ endpoints: [engine.url], limits: { body: '64MiB' } })
    for (const send of [post, postChunked]) {
      expect((await send(wide.gateway + CHAT, large)).status).toBe(200)
      expect(engine.requests.at(-1)?.body.length).toBe(large.length)
    }
    await expectUnharmed(wide)
  })

  it('is refused so that a client that sends everything before it reads can read it', async () => {
    const { hostname, port } = new URL(router.gateway)
    const socket = connect(Number(port), hostname)
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: ${large.length}\r\n\r\n`
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.write(head + large, (error) => (error ? reject(error) : resolve()))
    })
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /)
    socket.destroy()
    await expectUnharmed()
  })

  it('does not keep a connection on which the client never stops sending', async () => {
    const { hostname, port } = new URL(router.gateway)
    const socket = connect(Number(port), hostname)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const chunk = `${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.on('error', () => undefined)
    socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`)
    const timer = setInterval(() => socket.writable && socket.write(chunk), 20)
    await closed
    clearInterval(timer)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    await expectUnharmed()
  })

  it('leaves nothing behind when the client goes away in the middle', async () => {
    const { hostname, port } = new URL(router.gateway)
    const socket = connect(Number(port), hostname)
    socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"model"`)
    await once(socket, 'connect')
    socket.destroy()
    await expectUnharmed()
    expect(router.log.findLast(({ msg }) => msg === 'request')).toMatchObject({ status: 200 })
  })
})

describe('the request head', () => {
  it('is refused above 16 KB', async () => {
    const answer = await fetchedError(post(router.gateway + CHAT, chatBody(), { 'x-long': 'x'.repeat(17_000) }))
    expect(answer).toEqual(openAiError({ status: 431, code: 'headers_too_large', message: /limit of 16384 bytes/ }))
    await expectUnharmed()
  })

  it.each([8_100, 12_000, 15_500])('passes to the engine with %i bytes', async (size) => {
    const answer = await post(router.gateway + CHAT, chatBody(), { 'x-long': 'x'.repeat(size) })
    expect(answer.status).toBe(200)
    expect(engine.requests.at(-1)?.headers['x-long']).toHaveLength(size)
  })

  it('has a limit that can be raised', async () => {
    await using wide = await runRouter({ endpoints: [engine.url], limits: { headers: '64KiB' } })
    const answer = await fetch(`${wide.gateway}/v1/models`, { headers: { 'x-long': 'x'.repeat(40_000) } })
    expect(answer.status).toBe(200)
    await expectUnharmed(wide)
  })

  const body = chatBody()
  const malformed: [name: string, bytes: string][] = [
    ['no HTTP at all', 'GARBAGE\r\n\r\n'],
    ['another protocol', 'POST / HTTQ/1.1\r\nhost: x\r\n\r\n'],
    ['a content length that is no number', `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n${body}`],
    [
      'a length and chunks at once',
      `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a broken chunk', `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n${body}\r\n`],
    ['a header without a name', `POST ${CHAT} HTTP/1.1\r\nhost: x\r\n: value\r\n\r\n`],
    ['no host', `POST ${CHAT} HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
  ]

  it.each(malformed)('is refused when it is not HTTP: %s', async (_name, bytes) => {
    const { status, body, headers } = await rawHttp(router.gateway, bytes)
    expect(errorAnswer(status, body, headers)).toEqual(
      openAiError({ status: 400, code: 'malformed_http', message: /not valid HTTP: .+/ }),
    )
    await expectUnharmed()
  })

  it('is refused with a content encoding that is not understood', async () => {
    const error = { status: 415, code: 'unsupported_media', message: /content-encoding 'gzip'.*uncompressed/ }
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
    const answerOf = (path: string) =>
      fetchedError(fetch(router.gateway + path, { method: 'POST', body: gzipSync(chatBody()), headers }))
    expect(await answerOf(CHAT)).toEqual(openAiError(error))
    expect(await answerOf(MESSAGES)).toEqual(anthropicError(error))
    expect((await post(router.gateway + CHAT, chatBody(), { 'content-encoding': 'identity' })).status).toBe(200)
    await expectUnharmed()
  })

  it.each(['/nothing', '/v2/chat/completions', '/', '/health'])(
    'is refused with a path nobody knows: %s',
    async (path) => {
      const message = new RegExp(`Nothing is served at POST ${path}\\. .*/v1/`)
      expect(await refused(path, chatBody())).toEqual(openAiError({ status: 404, code: 'route_not_found', message }))
    },
  )

  it('keeps the request id of the client on a refusal', async () => {
    const answer = await refused(CHAT, '{', { 'x-request-id': 'mine-7' })
    expect(answer.requestId).toBe('mine-7')
  })

  it('carries the request id under the configured name, to the engine and back', async () => {
    await using router = await runRouter({ endpoints: [engine.url], headers: { requestId: 'X-Correlation-Id' } })
    const headers = { 'x-correlation-id': 'mine-8' }
    const good = await post(router.gateway + CHAT, chatBody(), headers)
    expect(engine.requests.at(-1)?.headers['x-correlation-id']).toBe('mine-8')
    const bad = await post(router.gateway + CHAT, '{', headers)
    expect([good, bad].map((answer) => answer.headers.get('x-correlation-id'))).toEqual(['mine-8', 'mine-8'])
    expect(router.log.filter(({ request }) => request === 'mine-8')).toHaveLength(2)
    const made = (await post(router.gateway + CHAT, chatBody())).headers.get('x-correlation-id')
    expect(engine.requests.at(-1)?.headers['x-correlation-id']).toBe(made)
  })
})

describe.concurrent('endpoints that cannot take the request', () => {
  it('none is ready: 503 with the time to wait', async () => {
    await using ill = await fakeEngine(undefined, 0, { health: 500, models: ['m'] })
    await using none = await runRouter({ endpoints: [{ url: ill.url, models: ['m'] }] }, 0)
    const expected = {
      status: 503,
      code: 'no_ready_endpoint',
      message: /none of the 1 endpoints of model 'm' is ready/,
    }
    const answer = await fetchedError(post(none.gateway + CHAT, chatBody()))
    expect(answer).toEqual(openAiError({ ...expected, type: 'server_error' }))
    expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    const anthropic = await fetchedError(post(none.gateway + MESSAGES, chatBody()))
    expect(anthropic).toEqual(anthropicError({ ...expected, type: 'overloaded_error' }))
    expect(await inFlight(none.admin)).toBe(0)
  })

  it('none is configured: the same', async () => {
    await using none = await runRouter({ endpoints: [] }, 0)
    const answer = await fetchedError(post(none.gateway + CHAT, chatBody()))
    expect(answer).toEqual(openAiError({ status: 503, code: 'no_ready_endpoint', message: /No endpoint is ready/ }))
  })

  it('all are at their limit: 503 with the time to wait, and room again afterwards', async () => {
    const answers = heldAnswers()
    await using slow = await fakeEngine(answers.handle)
    const timeouts = { drain: '1s' }
    await using full = await runRouter({ endpoints: [{ url: slow.url, maxConcurrency: 2 }], timeouts })
    const running = [1, 2].map(() => post(full.gateway + CHAT, chatBody({ stream: true })))
    await eventually('two streams', () => answers.held === 2)
    const expected = { status: 503, code: 'overloaded', message: /all 1 ready endpoints.*concurrency limit/ }
    const answer = await fetchedError(post(full.gateway + CHAT, chatBody()))
    expect(answer).toEqual(openAiError(expected))
    expect(answer.retryAfter).toBe('1')
    const anthropic = await fetchedError(post(full.gateway + MESSAGES, chatBody()))
    expect(anthropic).toEqual(anthropicError({ ...expected, type: 'overloaded_error' }))
    expect(slow.requests).toHaveLength(2)
    answers.release()
    for (const stream of running) expect(await (await stream).text()).toContain('[DONE]')
    slow.handle = engine.handle
    await expectUnharmed(full)
  })

  it('the only one cannot be reached: 502 that says why, then 503 until it is back', async () => {
    const gone = await fakeEngine()
    await using alone = await runRouter({ endpoints: [{ url: gone.url, id: 'gone' }], health: { interval: '30s' } })
    await gone[Symbol.asyncDispose]()
    const message = /No connection after trying 1 endpoint: endpoint 'gone': .*ECONNREFUSED/
    const answer = await fetchedError(post(alone.gateway + CHAT, chatBody()))
    expect(answer).toEqual(openAiError({ status: 502, code: 'endpoint_unreachable', type: 'server_error', message }))
    expect((await post(alone.gateway + MESSAGES, chatBody())).status).toBe(503)
    await using _back = await fakeEngine(undefined, Number(new URL(gone.url).port))
    await eventually('a good answer', async () => (await post(alone.gateway + CHAT, chatBody())).status === 200)
    await expectUnharmed(alone)
  })

  it('the first byte does not come in time: the next endpoint, and 504 when there is none left', async () => {
    await using a = await fakeEngine(() => undefined)
    await using b = await fakeEngine()
    const endpoints = [
      { url: a.url, id: 'a' },
      { url: b.url, id: 'b' },
    ]
    await using router = await runRouter({ endpoints, timeouts: { firstByte: '200ms', drain: '1s' } })
    await eventually('a request that was tried at a first', async () => {
      const answer = await post(router.gateway + CHAT, chatBody())
      expect([answer.status, answer.headers.get('x-kvasir-endpoint')]).toEqual([200, 'b'])
      return a.requests.length > 0
    })
    b.handle = a.handle
    const expected = { status: 504, code: 'endpoint_timeout', message: /first byte of endpoint '[ab]' after 0\.2 s/ }
    expect(await fetchedError(post(router.gateway + CHAT, chatBody()))).toEqual(openAiError(expected))
    const anthropic = await fetchedError(post(router.gateway + MESSAGES, chatBody()))
    expect(anthropic).toEqual(anthropicError({ ...expected, type: 'timeout_error' }))
    a.handle = engine.handle
    b.handle = engine.handle
    await expectUnharmed(router)
  })

  it('a stream stalls for longer than allowed: the connection breaks', async () => {
    const answers = heldAnswers()
    await using stalled = await fakeEngine(answers.handle)
    await using router = await runRouter({ endpoints: [stalled.url], timeouts: { idle: '200ms', drain: '1s' } })
    const answer = await post(router.gateway + CHAT, chatBody({ stream: true }))
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow('terminated')
    stalled.handle = engine.handle
    await expectUnharmed(router)
  })
})
