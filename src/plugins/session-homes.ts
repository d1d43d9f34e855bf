import type { Candidate } from '../core/endpoint.ts'
import { MovingAverage } from '../core/moving-average.ts'
import type { RequestOutcome } from '../core/outcome.ts'
import { z } from '../core/plugin.ts'
import type { SchedulingRequest } from '../core/request.ts'
import { createSessionReader, sessionFields } from './session-key.ts'
import { createSessionTable } from './session-table.ts'

/** A session idle for longer than this, in seconds, has lost its home. */
const IDLE_SECONDS = 3600
const CAPACITY = 1 << 16
/** Half of a usual block, in tokens: what a match falls short by on average, until something is observed. */
const HALF_BLOCK = 32

type Anywhere = Candidate<'matchedTokens'>

/** Where each session was last, and how much more of its next prompt is held there than the index can see. */
export interface SessionHomes {
  /** Id of the endpoint that had the session's last request. */
  of(request: SchedulingRequest, now: number): string | undefined
  /** Tokens held at home beyond the prefix match: the end of the last block, and the answer where it is repeated. */
  readonly unseenTokens: number
  booked(request: SchedulingRequest, endpoint: Anywhere, now: number): void
  ended(request: SchedulingRequest, outcome: RequestOutcome): void
}

/** Creates an empty table of homes. The session is looked for in headers, cookie and body, never in the client's address. */
export function createSessionHomes(): SessionHomes {
  const sessionOf = createSessionReader(z.strictObject(sessionFields).parse({ by: ['header', 'cookie', 'body'] }))
  const table = createSessionTable(CAPACITY, IDLE_SECONDS)
  const unseen = new MovingAverage(HALF_BLOCK)
  /** Matches of the requests that went home. */
  const matches = new Map<SchedulingRequest, number>()
  return {
    of(request, now) {
      const session = sessionOf(request)
      return session === undefined ? undefined : table.find(session, now)
    },
    get unseenTokens() {
      return unseen.value
    },
    booked(request, { id, signals }, now) {
      const session = sessionOf(request)
      if (session === undefined) return
      if (table.find(session, now) === id) matches.set(request, signals.matchedTokens)
      table.bind(session, id, now)
    },
    ended(request, outcome) {
      const matched = matches.get(request)
      if (matched === undefined) return
      matches.delete(request)
      const { cachedTokens, promptTokens } = outcome.usage ?? {}
      if (outcome.kind !== 'finished' || cachedTokens === undefined || !promptTokens) return
      // The engine counts in its own tokens, the match in estimated ones.
      unseen.observe(Math.max(0, (cachedTokens / promptTokens) * request.promptTokens - matched))
    },
  }
}
