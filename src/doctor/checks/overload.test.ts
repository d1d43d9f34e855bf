import { expect, test } from 'vitest'
import { describeOverload } from './overload.ts'

const text = (...heads: Parameters<typeof describeOverload>[0]): string | undefined =>
  describeOverload(heads, 'tgi')[0]?.text

test('refusals and limits of answers are told, a sick health check is none', () => {
  const path = '/v1/chat/completions'
  expect(text({ path: '/health', status: 503, headers: {} })).toMatch(/^not provoked; it answers 429/)
  expect(text({ path, status: 429, headers: { 'retry-after': '1' } })).toMatch(/^1 refusal seen, with retry-after; /)
  const limited = { path, status: 503, headers: { 'x-ratelimit-remaining': '3' } }
  expect(text(limited, limited)).toMatch(/^answers carry x-ratelimit-remaining; 2 refusals seen, without retry-after; /)
})
