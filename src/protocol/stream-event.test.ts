import { describe, expect, it } from 'vitest'
import { readStreamEvent } from './stream-event.ts'

const SILENT = { content: false, end: false, error: undefined, usage: undefined }

describe('readStreamEvent', () => {
  it.each([
    ['a comment', ': ping\n\n'],
    ['an empty event', 'data:\n\n'],
    ['no event', ''],
    ['half an event', 'data: {"choices":[{"delta":{"content":"a"'],
    ['a name without data', 'event: error\n\n'],
  ])('finds nothing in %s', (_, lines) => {
    expect(readStreamEvent(lines)).toEqual(SILENT)
  })

  it('reads data with and without a space, with CRLF, in several lines, behind a comment', () => {
    for (const lines of [
      'data:{"stop":false,"content":"a"}\n\n',
      'data: {"stop":false,"content":"a"}\r\n\r\n',
      'data: {"stop":false,\ndata: "content":"a"}\n\n',
      ': c\nevent: x\nid: 7\ndata: {"stop":false,"content":"a"}\n\n',
    ]) {
      expect(readStreamEvent(lines)).toEqual({ ...SILENT, content: true })
    }
  })

  it.each([
    'data: [DONE]\n\n',
    'data: [DONE]',
    'data:[DONE]\r\n\r\n',
    'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    'data: {"response":{"usage":null},"type":"response.completed"}\n\n',
    'data: {"type":"response.incomplete"}\n\n',
    'data: {"content":"","stop":true}\n\n',
  ])('knows the end %j', (lines) => {
    expect(readStreamEvent(lines)).toMatchObject({ end: true, content: false, error: undefined })
  })

  it('takes no end from what a model says', () => {
    const content = '[DONE]\n\ndata: [DONE]\n\n"type":"message_stop"'
    const event = readStreamEvent(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
    expect(event).toEqual({ ...SILENT, content: true })
  })

  it.each([
    [
      "vLLM's",
      'data: {"error":{"message":"out of memory","type":"InternalServerError","param":null,"code":500}}\n\n',
      { message: 'out of memory', type: 'InternalServerError', code: 500 },
    ],
    [
      "vLLM's older",
      'data: {"object":"error","message":"bad","type":"BadRequestError","code":400}\n\n',
      { message: 'bad', type: 'BadRequestError', code: 400 },
    ],
    ['a bare text', 'data: {"error":"overloaded"}\n\n', { message: 'overloaded' }],
    [
      "Anthropic's",
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
      { message: 'Overloaded', type: 'overloaded_error' },
    ],
    [
      "Responses'",
      'data: {"type":"error","code":"server_error","message":"broken","param":null}\n\n',
      { message: 'broken', type: 'error', code: 'server_error' },
    ],
    [
      'a failed response',
      'data: {"type":"response.failed","response":{"error":{"code":"server_error","message":"broken"}}}\n\n',
      { message: 'broken', type: undefined, code: 'server_error' },
    ],
    ['a plain text', 'event: error\ndata: it broke\n\n', { message: 'it broke' }],
  ])('reports %s error', (_, lines, error) => {
    expect(readStreamEvent(lines)).toMatchObject({ content: false, error })
  })

  it('sees no error in a field that is null', () => {
    expect(readStreamEvent('data: {"type":"response.created","response":{"error":null}}\n\n')).toEqual(SILENT)
    expect(readStreamEvent('data: {"choices":[],"error":null}\n\n')).toEqual(SILENT)
  })
})
