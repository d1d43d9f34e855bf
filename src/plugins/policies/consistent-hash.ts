import { definePolicy, z } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { createSessionReader, sessionFields } from '../session-key.ts'
import { createSlotTable } from '../slot-table.ts'
import { hashText, mixHashes } from '../text-hash.ts'

const UNKNOWN = -1
/** Lifts overloaded endpoints behind all others: hashes are below it. */
const OVERLOADED = 1
const HASH_RANGE = 2 ** 32

/** Hash of the chained key that covers the prompt's first `tokens`, or all of its full blocks if it is shorter. */
function hashPrompt({ blocks, tokensPerBlock }: SchedulingRequest, tokens: number): number {
  const last = Math.min(blocks.count, Math.ceil(tokens / tokensPerBlock)) - 1
  return mixHashes(blocks.words[2 * last]!, blocks.words[2 * last + 1]!)
}

/**
 * Consistent hashing with bounded loads: equal keys go to the same endpoint as long as it is not overloaded, and when an
 * endpoint comes or goes, only the keys move that have to.
 *
 * - The key is the session; else the beginning of the prompt; else the client address.
 * - Placement is rendezvous hashing (Thaler and Ravishankar, 1998): each endpoint has a hash with the key, the lowest
 *   wins. It needs no ring that must be rebuilt when the candidates differ from one request to the next, it spreads keys
 *   evenly without virtual nodes, and routers that share nothing agree.
 * - An endpoint is overloaded when its requests in flight exceed `loadFactor` times the mean with this request counted:
 *   `load > loadFactor * (total + 1) / n` (Mirrokni, Thorup and Zadimoghaddam, 2016, as KubeAI and the SGLang Model
 *   Gateway apply it). It then comes behind all others, and the next lowest hash wins.
 *
 * A conversation without a session keeps its endpoint once its prompt is longer than `prefixTokens`. Shorter prompts are
 * hashed by all of their full blocks, so their next turn may move.
 */
export default definePolicy({
  type: 'consistent-hash',
  summary: 'Equal sessions, prompts or clients to the same endpoint, within a bound on its load',
  options: z.strictObject({
    ...sessionFields,
    by: sessionFields.by
      .unwrap()
      .default(['header', 'cookie', 'body'])
      .describe('Where a session is looked for, in order'),
    prefixTokens: z
      .number()
      .nonnegative()
      .default(256)
      .describe('Tokens at the beginning of the prompt that make the key of a request without session; 0 for none'),
    loadFactor: z.number().min(1).default(1.25).describe('Load an endpoint may have, as a multiple of the mean'),
    margin: z
      .number()
      .nonnegative()
      .default(0)
      .describe('Requests above the mean that are always allowed; keeps small pools with little traffic from spilling'),
  }),
  reads: ['inFlight'],
  reasons: ['session', 'prefix', 'client', 'spilled-from-loaded'],
  unit: 'rank',
  terms: ['hash', 'overloaded'],
  create(options) {
    const readSession = createSessionReader(options)
    const { prefixTokens, loadFactor, margin } = options
    const hashes = createSlotTable(UNKNOWN)

    /** What the request is keyed by. */
    function kindOf(request: SchedulingRequest, session: string | undefined): string {
      if (session !== undefined) return 'session'
      return prefixTokens > 0 && request.blocks.count > 0 ? 'prefix' : 'client'
    }

    return {
      rank(request, candidates, ranking) {
        const session = readSession(request)
        const kind = kindOf(request, session)
        const key = kind === 'prefix' ? hashPrompt(request, prefixTokens) : hashText(session ?? request.clientAddress)
        let total = 1
        for (let i = 0; i < candidates.length; i++) total += candidates[i]!.signals.inFlight
        const mean = total / candidates.length
        const bound = Math.max(loadFactor * mean, mean + margin)
        let home = 0
        for (let i = 0; i < candidates.length; i++) {
          const endpoint = candidates[i]!
          if (hashes.get(endpoint) === UNKNOWN) hashes.set(endpoint, hashText(endpoint.id))
          const hash = mixHashes(key, hashes.get(endpoint)) / HASH_RANGE
          const overloaded = endpoint.signals.inFlight > bound ? OVERLOADED : 0
          ranking.term(0, i, hash)
          ranking.term(1, i, overloaded)
          ranking.cost[i] = hash + overloaded
          if (hash < ranking.terms[home]!) home = i
        }
        ranking.reason = ranking.cost[home]! >= OVERLOADED ? 'spilled-from-loaded' : kind
      },
    }
  },
})
