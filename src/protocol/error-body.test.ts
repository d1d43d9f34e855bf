import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RouterError, routerError } from '../core/errors.ts'
import { errorBody } from './error-body.ts'

const notFound = routerError('model_not_found', { model: 'gpt', known: ['llama'] })
const wrongType = routerError('invalid_request', { param: 'messages', expected: 'a list', found: 'a number' })
const overloaded = routerError('overloaded', { reason: 'all 2 are full', retryAfterSeconds: 1 })

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes))
}

describe('errorBody', () => {
  it("has OpenAI's four fields, param null where none is at fault", () => {
    const body = errorBody('openai', notFound, 'req-1')
    expect(body.contentType).toBe('application/json')
    expect(parsed(body.bytes)).toEqual({
      error: { message: notFound.message, type: 'invalid_request_error', param: null, code: 'model_not_found' },
    })
    expect(parsed(errorBody('openai', wrongType, 'req-1').bytes)).toMatchObject({ error: { param: 'messages' } })
  })

  it("has Anthropic's envelope with the request's id", () => {
    expect(parsed(errorBody('anthropic', overloaded, 'req-ø').bytes)).toEqual({
      type: 'error',
      error: { type: 'overloaded_error', message: overloaded.message },
      request_id: 'req-ø',
    })
  })
})

describe('errorBody read by the official SDKs', () => {
  let server: Server
  let baseURL: string
  let answer: { shape: 'openai' | 'anthropic'; error: RouterError }

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume()
      const { contentType, bytes } = errorBody(answer.shape, answer.error, 'req-7')
      response.writeHead(answer.error.status, { 'content-type': contentType }).end(bytes)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server listens on a port')
    baseURL = `http://127.0.0.1:${address.port}`
  })
  afterAll(() => server.close())

  async function openaiError(error: RouterError): Promise<unknown> {
    answer = { shape: 'openai', error }
    const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: 'none', maxRetries: 0 })
    return client.chat.completions.create({ model: 'gpt', messages: [] }).then(
      () => 'no error',
      (thrown: unknown) => thrown,
    )
  }

  async function anthropicError(error: RouterError): Promise<unknown> {
    answer = { shape: 'anthropic', error }
    const client = new Anthropic({ baseURL, apiKey: 'none', maxRetries: 0 })
    return client.messages.create({ model: 'claude', max_tokens: 1, messages: [] }).then(
      () => 'no error',
      (thrown: unknown) => thrown,
    )
  }

  it('openai throws the class of the status and shows message, type, param and code', async () => {
    const missing = await openaiError(notFound)
    expect(missing).toBeInstanceOf(OpenAI.NotFoundError)
    expect(missing).toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error', param: null })
    expect(missing).toMatchObject({ message: `404 ${notFound.message}` })
    const wrong = await openaiError(wrongType)
    expect(wrong).toBeInstanceOf(OpenAI.BadRequestError)
    expect(wrong).toMatchObject({ param: 'messages' })
    expect(await openaiError(overloaded)).toBeInstanceOf(OpenAI.InternalServerError)
  })

  it('@anthropic-ai/sdk throws the class of the status and shows type and message', async () => {
    const missing = await anthropicError(notFound)
    expect(missing).toBeInstanceOf(Anthropic.NotFoundError)
    expect(missing).toMatchObject({ status: 404, type: 'not_found_error', apiMessage: notFound.message })
    expect(await anthropicError(wrongType)).toBeInstanceOf(Anthropic.BadRequestError)
    expect(await anthropicError(overloaded)).toMatchObject({ status: 503, type: 'overloaded_error' })
  })
})
