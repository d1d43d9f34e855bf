import { expect, it } from 'vitest'
import type { RequestRecord } from '../core/request-record.ts'
import { createRequestLine } from './request-line.ts'

const RECORD: RequestRecord = {
  requestId: 'a "quoted"\nid',
  route: 'chat',
  model: 'müller/m"1',
  streamed: true,
  arrivedAt: 0,
  queueSeconds: 0.0012,
  ttft: 0.25,
  e2e: 1.5,
  status: 200,
  error: undefined,
  attempts: 1,
  decision: undefined,
  outcome: { kind: 'finished', ttft: 0.2, e2e: 1.4, outputTokens: 7, usage: { promptTokens: 10, cachedTokens: 0 } },
}

it('is one JSON object a line, whatever the texts hold', () => {
  let now = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
  const line = createRequestLine(() => now)
  const first = line(RECORD)
  expect(first.endsWith('}\n')).toBe(true)
  expect(first.indexOf('\n')).toBe(first.length - 1)
  expect(JSON.parse(first)).toEqual({
    level: 30,
    time: '2026-01-02T03:04:05.006Z',
    request: RECORD.requestId,
    route: 'chat',
    model: RECORD.model,
    status: 200,
    attempts: 1,
    promptTokens: 10,
    cachedTokens: 0,
    outputTokens: 7,
    queueMs: 1.2,
    ttftMs: 250,
    e2eMs: 1500,
    outcome: 'finished',
    msg: 'request',
  })
  now += 999.7
  expect(JSON.parse(line(RECORD)).time).toBe('2026-01-02T03:04:06.005Z')
})

it('leaves out what is not known', () => {
  const { requestId, route, streamed, arrivedAt, e2e } = RECORD
  const bare: RequestRecord = {
    requestId,
    route,
    streamed,
    arrivedAt,
    e2e,
    status: 400,
    attempts: 0,
    model: undefined,
    queueSeconds: undefined,
    ttft: undefined,
    error: 'malformed_json',
    decision: undefined,
    outcome: undefined,
  }
  const parsed = JSON.parse(createRequestLine(() => 0)(bare))
  expect(Object.keys(parsed)).toEqual([
    'level',
    'time',
    'request',
    'route',
    'status',
    'error',
    'attempts',
    'e2eMs',
    'msg',
  ])
})
