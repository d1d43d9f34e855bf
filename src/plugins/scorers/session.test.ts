import { expect, test } from 'vitest'
import { candidate, candidates } from '../testing/candidate.ts'
import { request } from '../testing/request.ts'
import { scoresOf } from '../testing/scores-of.ts'
import session from './session.ts'

const pool = candidates({}, {}, {}, {})

function homeOf(name: string, endpoints = pool): string | undefined {
  const scores = scoresOf(session, {}, request({ session: name }), endpoints)
  expect(scores.toSorted((a, b) => b - a)).toEqual([1, ...endpoints.slice(1).map(() => 0)])
  return endpoints[scores.indexOf(1)]?.id
}

test('exactly one endpoint scores 1, the same one in any order and slot', () => {
  const shuffled = [3, 1, 0, 2].map((n) => candidate({ id: `engine-${n}`, slot: n + 10 }))
  for (let i = 0; i < 50; i++) expect(homeOf(`chat-${i}`, shuffled)).toBe(homeOf(`chat-${i}`))
})

test('sessions spread over all endpoints', () => {
  expect(new Set(Array.from({ length: 50 }, (_, i) => homeOf(`chat-${i}`))).size).toBe(4)
})

test('when an endpoint is left out, only its sessions go elsewhere', () => {
  const chats = Array.from({ length: 50 }, (_, i) => `chat-${i}`)
  const elsewhere = chats.filter((chat) => homeOf(chat) !== 'engine-0')
  expect(elsewhere.map((chat) => homeOf(chat, pool.slice(1)))).toEqual(elsewhere.map((chat) => homeOf(chat)))
})

test('without a session all are neutral', () => {
  expect(scoresOf(session, {}, request(), pool)).toEqual([0.5, 0.5, 0.5, 0.5])
})
