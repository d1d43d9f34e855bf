import { expect, test } from 'vitest'
import type { Policy } from '../../core/plugin.ts'
import type { SignalName } from '../../core/signals.ts'
import { candidate, candidates } from '../testing/candidate.ts'
import { testServices, verdictOf } from '../testing/rank-of.ts'
import { request } from '../testing/request.ts'
import sessionAffinity from './session-affinity.ts'

const OUTCOME = { kind: 'finished', ttft: 0.1, e2e: 1, outputTokens: 10, usage: undefined } as const
const chat = request({ session: 'chat-1' })
const idle = candidates({}, {}, {})

function create(options: unknown = {}): Policy<SignalName> {
  return sessionAffinity.instantiate(options, testServices())
}

test('a new session goes to the least loaded endpoint and stays there when that is the busiest', () => {
  const policy = create()
  const first = candidates({ inFlight: 2 }, { inFlight: 1 }, { inFlight: 3 })
  expect(verdictOf(sessionAffinity, policy, chat, first)).toMatchObject({
    costs: [2, 1, 3],
    best: ['engine-1'],
    reason: 'new-session',
  })
  policy.booked?.(chat, candidate({ slot: 1 }), 0)
  const later = candidates({ inFlight: 0 }, { inFlight: 20 }, { inFlight: 0 })
  expect(verdictOf(sessionAffinity, policy, chat, later)).toMatchObject({
    costs: [21, 20, 21],
    best: ['engine-1'],
    reason: 'session',
  })
})

test('other sessions and requests without one are not bound', () => {
  const policy = create({ by: ['body'] })
  policy.booked?.(chat, candidate({ slot: 1 }), 0)
  expect(verdictOf(sessionAffinity, policy, request({ session: 'chat-2' }), idle).reason).toBe('new-session')
  expect(verdictOf(sessionAffinity, policy, request(), idle)).toMatchObject({ costs: [0, 0, 0], reason: 'no-session' })
})

test('a session is forgotten two hours after its last request has ended', () => {
  const policy = create()
  policy.booked?.(chat, candidate({ slot: 1 }), 0)
  policy.ended?.(chat, candidate({ slot: 1 }), OUTCOME, 100)
  expect(verdictOf(sessionAffinity, policy, chat, idle, 7300).reason).toBe('session')
  expect(verdictOf(sessionAffinity, policy, chat, idle, 7301).reason).toBe('new-session')
})

test('a session whose endpoint is missing is bound anew, and does not go back', () => {
  const policy = create()
  policy.booked?.(chat, candidate({ slot: 0 }), 0)
  const without = [candidate({ slot: 1, inFlight: 1 }), candidate({ slot: 2 })]
  expect(verdictOf(sessionAffinity, policy, chat, without)).toMatchObject({ best: ['engine-2'], reason: 'rebound' })
  policy.booked?.(chat, candidate({ slot: 2 }), 1)
  // The failed first attempt ends after the second has been sent.
  policy.ended?.(chat, candidate({ slot: 0 }), { ...OUTCOME, kind: 'failed' }, 2)
  expect(verdictOf(sessionAffinity, policy, chat, idle)).toMatchObject({ best: ['engine-2'], reason: 'session' })
})

test('a session whose endpoint is only left out for one decision, without being sent, stays', () => {
  const policy = create()
  policy.booked?.(chat, candidate({ slot: 0 }), 0)
  verdictOf(sessionAffinity, policy, chat, [candidate({ slot: 1 })])
  expect(verdictOf(sessionAffinity, policy, chat, idle).best).toEqual(['engine-0'])
})

test('an endpoint that took over the slot under another name is not the bound one', () => {
  const policy = create()
  policy.booked?.(chat, candidate({ slot: 0, id: 'old' }), 0)
  expect(verdictOf(sessionAffinity, policy, chat, [candidate({ slot: 0, id: 'new' })]).reason).toBe('rebound')
})

test('the table is bounded', () => {
  const policy = create({ maxSessions: 2 })
  for (const session of ['a', 'b', 'c']) policy.booked?.(request({ session }), candidate({ slot: 1 }), 0)
  const reasonOf = (session: string) => verdictOf(sessionAffinity, policy, request({ session }), idle).reason
  expect(['a', 'b', 'c'].map(reasonOf)).toEqual(['new-session', 'session', 'session'])
})
