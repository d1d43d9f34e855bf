import { expect, test } from 'vitest'
import { z } from '../core/plugin.ts'
import { createSessionReader, readCookie, sessionFields } from './session-key.ts'
import { request, type RequestFacts } from './testing/request.ts'

const schema = z.strictObject(sessionFields)

function sessionOf(facts: RequestFacts, options: unknown = {}): string | undefined {
  return createSessionReader(schema.parse(options))(request(facts))
}

test('by default a header comes first, then a cookie, the body and the client address', () => {
  const everything = {
    headers: { 'x-session-id': 'from-header', cookie: 'session_id=from-cookie' },
    session: 'from-body',
    clientAddress: '192.0.2.9',
  }
  expect(sessionOf(everything)).toBe('from-header')
  expect(sessionOf({ ...everything, headers: { cookie: 'session_id=from-cookie' } })).toBe('from-cookie')
  expect(sessionOf({ ...everything, headers: {} })).toBe('from-body')
  expect(sessionOf({ clientAddress: '192.0.2.9' })).toBe('192.0.2.9')
})

test('the order and the names are options, and header names may be written in any case', () => {
  const facts = { headers: { 'x-chat': 'c1', cookie: 'chat=c2' }, session: 's' }
  expect(sessionOf(facts, { by: ['body', 'header'], headers: ['X-Chat'] })).toBe('s')
  expect(sessionOf(facts, { by: ['header'], headers: ['X-Chat'] })).toBe('c1')
  expect(sessionOf(facts, { by: ['cookie'], cookie: 'chat' })).toBe('c2')
})

test('an empty value counts as absent, and so does a source that is not listed', () => {
  expect(sessionOf({ headers: { 'x-session-id': '' }, session: 's' })).toBe('s')
  expect(sessionOf({ session: 's' }, { by: ['header', 'cookie'] })).toBeUndefined()
})

test('a cookie is found by its whole name, wherever it stands', () => {
  expect(readCookie('id=1; session_id=abc; x=2', 'session_id')).toBe('abc')
  expect(readCookie('my_session_id=no;session_id=a=b', 'session_id')).toBe('a=b')
  expect(readCookie('session_idx=no; flag', 'session_id')).toBeUndefined()
})
