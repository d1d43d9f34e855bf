import { Pool } from 'undici'
import { expect, test } from 'vitest'
import { streamCall } from './stream-call.ts'
import type { StreamCall } from './stream-call.ts'
import { ending, event, quickAnswer, role, startScriptedEngine, token } from './testing/scripted-engine.ts'
import type { Script } from './testing/scripted-engine.ts'

async function call(script: Script, options: Partial<StreamCall> = {}) {
  await using engine = await startScriptedEngine(() => script)
  return await callUrl(engine.url, options)
}

async function callUrl(url: string, options: Partial<StreamCall> = {}) {
  const pool = new Pool(url, { connections: null })
  try {
    return await streamCall(pool, {
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      timeoutMs: 5000,
      signal: new AbortController().signal,
      keepText: true,
      ...options,
    })
  } finally {
    await pool.destroy()
  }
}

test('measures the first content token and the end, not the header or the role', async () => {
  const outcome = await call({
    headers: { 'x-kvasir-endpoint': 'gpu-1', 'x-kvasir-reason': 'cost' },
    steps: [
      { afterMs: 20, write: `: comment\n\n${role}` },
      { afterMs: 100, write: token('a') },
      { afterMs: 50, write: token('b') },
      { afterMs: 50, write: token('c') + ending(30, 16, 3) },
    ],
  })
  expect(outcome).toMatchObject({ status: 200, error: undefined, text: 'abc', endpoint: 'gpu-1', reason: 'cost' })
  expect(outcome.usage).toEqual({ promptTokens: 30, cachedTokens: 16, outputTokens: 3 })
  // Timers never fire early by more than a millisecond each; a busy machine may delay them.
  expect(outcome.firstTokenMs).toBeGreaterThan(117)
  expect(outcome.firstTokenMs).toBeLessThan(1000)
  expect(outcome.totalMs - (outcome.firstTokenMs ?? 0)).toBeGreaterThan(97)
  expect(outcome.totalMs - (outcome.firstTokenMs ?? 0)).toBeLessThan(1000)
})

test.each<[string, Script, number]>([
  [
    'http-503',
    {
      status: 503,
      headers: { 'content-type': 'application/json' },
      steps: [{ afterMs: 0, write: '{"error":"full"}' }],
    },
    503,
  ],
  [
    'aborted-stream',
    {
      steps: [
        { afterMs: 0, write: role + token('a') },
        { afterMs: 20, write: token('b') },
      ],
      cut: true,
    },
    200,
  ],
  ['aborted-stream', { steps: [{ afterMs: 0, write: role + token('a') }] }, 200],
  [
    'engine-error',
    { steps: [{ afterMs: 0, write: token('a') + event({ error: { message: 'x' } }) + event('[DONE]') }] },
    200,
  ],
  ['no-output', { steps: [{ afterMs: 0, write: role + ending(5, 0, 0) }] }, 200],
  [
    'not-a-stream',
    { headers: { 'content-type': 'application/json' }, steps: [{ afterMs: 0, write: '{"choices":[]}' }] },
    200,
  ],
])('%s is an error', async (kind, script, status) => {
  expect(await call(script)).toMatchObject({ status, error: { kind } })
})

test('an answer that takes too long is an error', async () => {
  const outcome = await call(
    {
      steps: [
        { afterMs: 0, write: token('a') },
        { afterMs: 2000, write: token('b') },
      ],
    },
    { timeoutMs: 60 },
  )
  expect(outcome.error?.kind).toBe('timeout')
  expect(outcome.totalMs).toBeLessThan(1900)
})

test('an address where nobody listens is an error', async () => {
  const engine = await startScriptedEngine(() => quickAnswer('a'))
  await engine[Symbol.asyncDispose]()
  expect(await callUrl(engine.url)).toMatchObject({ status: 0, error: { kind: 'connect' } })
})

test('the signal ends a call at once', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 50)
  const outcome = await call({ steps: [{ afterMs: 2000, write: token('a') }] }, { signal: stop.signal })
  expect(outcome.error?.kind).toBe('interrupted')
  expect(outcome.totalMs).toBeLessThan(1000)
})
