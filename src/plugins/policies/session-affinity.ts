import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import { createSessionReader, sessionFields } from '../session-key.ts'
import { createSessionTable } from '../session-table.ts'

function indexOfId(candidates: readonly Candidate<never>[], id: string): number {
  for (let i = 0; i < candidates.length; i++) if (candidates[i]!.id === id) return i
  return -1
}

/**
 * Keeps a conversation on the endpoint that served it last. A new one goes to the least loaded endpoint.
 *
 * The binding is made when a request is sent and renewed when it ends, so an idle session is one without a request for
 * `idleSeconds`. A session whose endpoint is not among the candidates (gone, excluded, or just failed) is bound anew to
 * the least loaded one **and stays there** when the old endpoint comes back: the newest turns are cached where they were
 * computed last, so going back would cost another cold prompt.
 *
 * Bindings are held in this router's memory. Routers that share nothing agree only under `consistent-hash`.
 *
 * Source: client-address affinity with a timeout of two hours, as in cache-aware routing on OpenShift; llm-d's
 * session-affinity filter with `session_id`.
 */
export default definePolicy({
  type: 'session-affinity',
  summary: 'Keeps a conversation on the endpoint that served it last',
  options: z.strictObject({
    ...sessionFields,
    idleSeconds: z
      .number()
      .positive()
      .default(7200)
      .describe('Seconds without a request after which a session is forgotten'),
    maxSessions: z
      .number()
      .int()
      .positive()
      .default(100_000)
      .describe('Sessions remembered at a time; beyond that the least recently used is forgotten'),
  }),
  reads: ['inFlight'],
  reasons: ['session', 'new-session', 'rebound', 'no-session'],
  unit: 'requests',
  terms: ['in-flight', 'elsewhere'],
  create(options) {
    const readSession = createSessionReader(options)
    const sessions = createSessionTable(options.maxSessions, options.idleSeconds)
    return {
      rank(request, candidates, ranking, now) {
        const session = readSession(request)
        const bound = session === undefined ? undefined : sessions.find(session, now)
        const home = bound === undefined ? -1 : indexOfId(candidates, bound)
        if (session === undefined) ranking.reason = 'no-session'
        else if (bound === undefined) ranking.reason = 'new-session'
        else ranking.reason = home < 0 ? 'rebound' : 'session'

        const elsewhere = home < 0 ? 0 : 1 + candidates[home]!.signals.inFlight
        for (let i = 0; i < candidates.length; i++) {
          const { inFlight } = candidates[i]!.signals
          const added = i === home ? 0 : elsewhere
          ranking.term(0, i, inFlight)
          ranking.term(1, i, added)
          ranking.cost[i] = inFlight + added
        }
      },
      booked(request, endpoint, now) {
        const session = readSession(request)
        if (session !== undefined) sessions.bind(session, endpoint.id, now)
      },
      ended(request, endpoint, _outcome, now) {
        const session = readSession(request)
        // A later request of the session may have moved on: its endpoint counts.
        if (session !== undefined && sessions.find(session, now) === endpoint.id)
          sessions.bind(session, endpoint.id, now)
      },
    }
  },
})
