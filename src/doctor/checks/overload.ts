import type { EngineName } from '../../signals/metrics/engine-table.ts'
import type { Check } from '../check.ts'
import { adviceFor } from '../engine-advice.ts'
import { ok, type Finding } from '../finding.ts'
import type { AnswerHead } from '../http-client.ts'

const LIMIT_HEADER = /^(?:x-)?ratelimit/

/** How it refuses when it has too much to do, as far as its headers say; nothing is done to provoke it. */
export const overloadCheck: Check = {
  id: 'overload',
  title: 'overload',
  run: ({ http, facts }) => Promise.resolve({ findings: describeOverload(http.seen, facts.engine) }),
}

/** What the headers of answers say about limits. */
export function describeOverload(
  heads: readonly Pick<AnswerHead, 'headers' | 'status' | 'path'>[],
  engine: EngineName | undefined,
): Finding[] {
  const limits = new Set(heads.flatMap(({ headers }) => Object.keys(headers).filter((name) => LIMIT_HEADER.test(name))))
  // A health check that says 503 is not a refusal for want of room.
  const refused = heads.filter(({ status, path }) => path !== '/health' && (status === 429 || status === 503))
  const refusals = refused.length === 1 ? '1 refusal' : `${refused.length} refusals`
  const after = refused.some(({ headers }) => headers['retry-after'] !== undefined)
  const seen = [
    limits.size === 0 ? undefined : `answers carry ${[...limits].join(', ')}`,
    refused.length === 0 ? undefined : `${refusals} seen, ${after ? 'with' : 'without'} retry-after`,
  ].filter((part) => part !== undefined)
  const from = seen.length === 0 ? 'not provoked' : seen.join('; ')
  return [ok('overload.headers', `${from}; ${adviceFor(engine).overload}`)]
}
