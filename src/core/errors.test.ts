import { describe, expect, it } from 'vitest'
import { ERRORS, routerError } from './errors.ts'

describe('routerError', () => {
  it('takes status and retry advice from its row', () => {
    expect(routerError('body_too_large', { limitBytes: 1024 })).toEqual({
      code: 'body_too_large',
      status: 413,
      message: 'The request body is larger than the limit of 1024 bytes. Send less.',
      retryHelps: false,
      param: undefined,
      retryAfterSeconds: undefined,
    })
  })

  it('hands on what clients read by machine: the parameter and the seconds to wait', () => {
    expect(routerError('invalid_request', { param: 'stream', expected: 'a boolean', found: 'a string' })).toMatchObject(
      {
        status: 400,
        param: 'stream',
        message: "'stream' must be a boolean, but is a string.",
      },
    )
    expect(routerError('overloaded', { reason: 'all 3 are full', retryAfterSeconds: 2 })).toMatchObject({
      status: 503,
      retryAfterSeconds: 2,
      retryHelps: true,
      message: 'No endpoint has room: all 3 are full. Try again in 2 s.',
    })
  })

  it('lists the known models, ten at most', () => {
    const known = Array.from({ length: 12 }, (_, i) => `m${i}`)
    const { message } = routerError('model_not_found', { model: 'gpt', known })
    expect(message).toMatch(/^Model 'gpt' is not served here\. Known models: 'm0', .*, 'm9' and 2 more\.$/)
    expect(routerError('model_not_found', { model: 'gpt', known: ['a', 'b'] }).message).toContain("models: 'a', 'b'.")
    expect(routerError('model_not_found', { model: 'gpt', known: [] }).message).toContain('models: none.')
  })

  it('counts the endpoints it tried', () => {
    const once = routerError('endpoint_unreachable', { attempts: 1, reason: 'connection refused' })
    expect(once.message).toBe('No connection after trying 1 endpoint: connection refused. Try again.')
    expect(routerError('endpoint_failed', { attempts: 2, reason: 'reset' }).message).toContain('2 endpoints')
  })
})

describe('ERRORS', () => {
  it('advises a retry exactly where the fault is on this side', () => {
    for (const row of Object.values(ERRORS)) expect(row.retryHelps).toBe(row.status >= 500)
  })

  it('names a type that clients of either shape know', () => {
    const anthropic = [
      'invalid_request_error',
      'not_found_error',
      'request_too_large',
      'overloaded_error',
      'timeout_error',
      'api_error',
    ]
    for (const row of Object.values(ERRORS)) {
      expect(['invalid_request_error', 'server_error']).toContain(row.openai)
      expect(anthropic).toContain(row.anthropic)
    }
  })
})
