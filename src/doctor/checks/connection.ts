import type { EngineName } from '../../signals/metrics/engine-table.ts'
import type { Check } from '../check.ts'
import { adviceFor } from '../engine-advice.ts'
import { ok, problem, type Finding } from '../finding.ts'
import type { HttpAnswer } from '../http-client.ts'

/** The router drops idle connections after this many seconds (`timeouts.keepAlive`). */
const ROUTER_IDLE = 4

/** Whether connections are kept, and for how long. */
export const connectionCheck: Check = {
  id: 'connection',
  title: 'connection',
  async run({ http, facts, idle, options }) {
    await http.call({ path: '/v1/models' })
    const second = await http.call({ path: '/v1/models' })
    const idleSeconds = await idle?.seconds
    return {
      findings: [...describeReuse(second), ...describeIdle(facts.engine, idleSeconds, options.idle)],
      facts: { idleSeconds },
    }
  },
}

/** Whether the second of two requests in a row went over the connection of the first. */
export function describeReuse({ reused, headers }: Pick<HttpAnswer, 'reused' | 'headers'>): Finding[] {
  if (reused) return [ok('connection.reused', 'connections are kept and used again')]
  const header = headers['connection'] === undefined ? '' : ` (connection: ${headers['connection']})`
  const advice = 'let the engine, or what stands before it, keep connections: a new one for each request costs time'
  return [problem('connection.closed', `it closes the connection after an answer${header}`, advice)]
}

/** What the time after which an idle connection is closed means. `watched` is how long it was watched, in seconds. */
export function describeIdle(engine: EngineName | undefined, seconds: number | undefined, watched: number): Finding[] {
  if (seconds === undefined) return []
  if (seconds === Number.POSITIVE_INFINITY) {
    return [ok('connection.idle', `an idle one is kept for more than ${watched} s`)]
  }
  const found = `an idle one is closed after ${seconds.toFixed(1)} s`
  if (seconds > ROUTER_IDLE) {
    return [ok('connection.idle', `${found}; the router drops it after ${ROUTER_IDLE} s, before that`)]
  }
  const ours = `set timeouts.keepAlive (or the endpoint's keepAlive) below that, such as ${shorter(seconds)}`
  const theirs = adviceFor(engine).keepAlive
  const advice = theirs === undefined ? ours : `${theirs}, or ${ours}`
  const text = `${found}, the router drops it only after ${ROUTER_IDLE} s: a request may meet a closed one`
  return [problem('connection.idle-short', text, advice)]
}

/** About half of a short time, and half a second less than a longer one. */
function shorter(seconds: number): string {
  return seconds > 1.5 ? `${Math.floor(seconds - 0.5)}s` : `${Math.max(50, Math.floor(seconds * 10) * 50)}ms`
}
