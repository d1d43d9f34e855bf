import type { Candidate } from '../../core/endpoint.ts'
import { defineScorer, z } from '../../core/plugin.ts'
import { oncePerDecision } from '../once-per-decision.ts'
import { createSessionReader, sessionFields } from '../session-key.ts'
import { createSlotTable } from '../slot-table.ts'
import { hashText, mixHashes } from '../text-hash.ts'

const UNKNOWN = -1
const NEUTRAL = 0.5

/**
 * 1 for the endpoint a conversation belongs to, 0 for all others; 0.5 for a request without a session.
 *
 * The endpoint is found by rendezvous hashing of the session among the candidates, so nothing is remembered, routers that
 * share nothing agree, and a session whose endpoint is left out for a while comes back to it. The `session-affinity`
 * policy does remember.
 *
 * Source: llm-d's session-affinity scorer, which instead names the endpoint in a token that the client sends back.
 */
export default defineScorer({
  type: 'session',
  summary: 'Keeps a conversation on one endpoint',
  options: z.strictObject({
    ...sessionFields,
    by: sessionFields.by
      .unwrap()
      .default(['header', 'cookie', 'body'])
      .describe('Where a session is looked for, in order'),
  }),
  reads: [],
  create(options) {
    const readSession = createSessionReader(options)
    const hashes = createSlotTable(UNKNOWN)
    const homeOf = oncePerDecision((request, candidates: readonly Candidate<never>[]) => {
      const session = readSession(request)
      if (session === undefined) return undefined
      const key = hashText(session)
      let home = candidates[0]
      let lowest = Number.POSITIVE_INFINITY
      for (const endpoint of candidates) {
        if (hashes.get(endpoint) === UNKNOWN) hashes.set(endpoint, hashText(endpoint.id))
        const hash = mixHashes(key, hashes.get(endpoint))
        if (hash < lowest) home = endpoint
        lowest = Math.min(lowest, hash)
      }
      return home
    })
    return (request, endpoint, candidates) => {
      const home = homeOf(request, endpoint, candidates)
      return home === undefined ? NEUTRAL : home === endpoint ? 1 : 0
    }
  },
})
