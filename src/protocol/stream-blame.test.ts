import { describe, expect, test } from 'vitest'
import { blameOf } from './stream-blame.ts'
import { readStreamEvent } from './stream-event.ts'

function blameIn(data: string): string {
  const { error } = readStreamEvent(`data: ${data}`)
  if (error === undefined) throw new Error(`no error in ${data}`)
  return blameOf(error)
}

describe('the blame for an error inside a stream', () => {
  test.each([
    // vLLM, its queue limits
    ['{"error":{"message":"too many","type":"ServiceUnavailableError","param":null,"code":503}}', 'load'],
    // SGLang, its queue limit: the code beside the text, or inside
    ['{"error":"The request queue is full.","code":503}', 'load'],
    ['{"error":{"message":"The request queue is full.","type":"ServiceUnavailable","code":"503"}}', 'load'],
    ['{"object":"error","message":"full","type":"TooManyRequests","param":null,"code":429}', 'load'],
    // llama.cpp
    ['{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}', 'load'],
    ['{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}', 'client'],
    ['{"error":{"code":500,"message":"Compute error.","type":"server_error"}}', 'engine'],
    // TGI
    ['{"error":"Model is overloaded","error_type":"overloaded"}', 'load'],
    ['{"error":"Input too long","error_type":"validation"}', 'client'],
    ['{"error":"Request failed during generation","error_type":"generation"}', 'engine'],
    // no status, no type
    ['{"error":"CUDA out of memory"}', 'engine'],
    ['{"error":{"message":"bad","type":"invalid_request_error","code":"context_length_exceeded"}}', 'client'],
    ['{"error":{"message":"dead","type":"InternalServerError","code":500}}', 'engine'],
  ])('%s is on the %s', (data, blame) => {
    expect(blameIn(data)).toBe(blame)
  })
})
