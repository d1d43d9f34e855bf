import { expect, test } from 'vitest'
import { generateWorkload } from './generate-workload.ts'
import { createRandom } from './random.ts'
import { capOutputs, dropLongPrompts, jitterStarts, scaleTimes, takeRequests, takeSessions } from './reshape.ts'
import { countRequests } from './workload.ts'

const chat = generateWorkload('chat', { sessions: 4, turns: 5, startJitterMs: 0 }, 1)

test('jitter spreads the starts and repeats with its seed', () => {
  const starts = (seed: number) => jitterStarts(chat, 3, createRandom(seed)).sessions.map((session) => session.start)
  expect(starts(1)).toEqual(starts(1))
  expect(starts(1)).not.toEqual(starts(2))
  expect(starts(1).every((start) => start >= 0 && start < 3)).toBe(true)
  expect(jitterStarts(chat, 0, createRandom(1))).toBe(chat)
})

test('takes the first requests or sessions', () => {
  expect(takeRequests(chat, 7).sessions.map((session) => session.requests.length)).toEqual([5, 2])
  expect(countRequests(takeRequests(chat, 100))).toBe(20)
  expect(takeSessions(chat, 3).sessions).toHaveLength(3)
})

test('caps what is generated, never raises it', () => {
  const outputs = (tokens: number) => capOutputs(chat, tokens).sessions[0]?.requests[0]?.outputTokens
  expect([outputs(8), outputs(1000)]).toEqual([8, 32])
})

test('ends sessions before prompts that are too long, and says how many requests that cost', () => {
  const longest = chat.sessions[0]?.requests[2]?.promptTokens ?? 0
  const cut = dropLongPrompts(chat, longest)
  expect(cut.sessions[0]?.requests).toHaveLength(3)
  expect(cut.notes[0]).toMatch(`${20 - countRequests(cut)} requests left out`)
  expect(dropLongPrompts(chat, 1).sessions).toEqual([])
  expect(dropLongPrompts(chat, 1_000_000).notes).toEqual([])
})

test('divides recorded times, and scales think times besides', () => {
  const [session] = chat.sessions
  const first = session?.requests[0]
  if (session === undefined || first === undefined) throw new Error('expected a request')
  const timed = { ...chat, sessions: [{ ...session, start: 6, requests: [{ ...first, offset: 4, think: 2 }] }] }
  const scaled = scaleTimes(timed, 2, 3)
  expect(scaled.sessions[0]).toMatchObject({ start: 3, requests: [{ offset: 2, think: 3 }] })
  expect(scaled.sessions[0]?.requests[0]?.messages).toBe(first.messages)
  expect(scaleTimes(chat, 2, 1).sessions[0]?.requests[0]).not.toHaveProperty('offset')
  expect(scaleTimes(chat, 1, 1)).toBe(chat)
})
