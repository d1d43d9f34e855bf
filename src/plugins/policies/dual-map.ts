import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import { prefillSeconds } from '../../core/rates.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import { blockKeyNumber, createRecentKeys } from '../recent-keys.ts'
import { createSlotTable } from '../slot-table.ts'
import { hashText, mixHashes } from '../text-hash.ts'

type Endpoint = Candidate<'queuedTokens' | 'queuedSeconds' | 'matchedTokens'>

/** Depths of a key: the first and up to seven doublings. */
const MAX_LEVELS = 8
const UNKNOWN = -1
/** Seeds of the two hash functions. */
const FIRST = 1
const SECOND = 2
/** Puts the endpoints that are not candidates behind the two that are. */
const NOT_MAPPED = 2

const options = z.strictObject({
  keyBlocks: z.number().int().positive().default(4).describe('Blocks in the shortest key; each level doubles them'),
  windowRequests: z.number().int().positive().default(1000).describe('Selections over which shares are measured'),
  budgetTokens: z
    .number()
    .positive()
    .default(65_536)
    .describe('Prompt tokens left to compute, own ones included, above which the warmer candidate is given up'),
  sloSeconds: z
    .number()
    .positive()
    .optional()
    .describe('Time to first token that stands in for the budget, by the rates of the endpoint; none unless set'),
})

/** The two hash functions: rendezvous hashing, in which the endpoint with the lowest hash of key and id is drawn. */
function createDraw(): (key: number, seed: number, candidates: readonly Endpoint[], skip: number) => number {
  const hashes = createSlotTable(UNKNOWN)
  return (key, seed, candidates, skip) => {
    const keyHash = mixHashes(mixHashes(key >>> 0, Math.floor(key / 2 ** 32)), seed)
    let lowest = Number.POSITIVE_INFINITY
    let drawn = -1
    for (let i = 0; i < candidates.length; i++) {
      if (i === skip) continue
      if (hashes.get(candidates[i]!) === UNKNOWN) hashes.set(candidates[i]!, hashText(candidates[i]!.id))
      const hash = mixHashes(keyHash, hashes.get(candidates[i]!))
      if (hash >= lowest) continue
      lowest = hash
      drawn = i
    }
    return drawn
  }
}

/** Fills `keys`, shortest first, and returns how many there are. */
function readKeys({ blocks }: SchedulingRequest, keyBlocks: number, keys: Float64Array): number {
  let levels = 0
  for (let depth = keyBlocks; depth <= blocks.count && levels < MAX_LEVELS; depth *= 2) {
    keys[levels++] = blockKeyNumber(blocks, depth - 1)
  }
  return levels
}

/**
 * Two hashes of the beginning of the prompt name two candidates, so that prompts with the same beginning share them:
 *
 * - Of the two, the one that holds more of the prompt wins, unless its prefill work, this request included, exceeds
 *   what it can do within the objective: `budgetTokens`, or `sloSeconds` when that is set. Then, and when both hold the
 *   same, the one with less work left wins; still equal, the one whose address sorts first.
 * - The key is the chained key of the first 4 blocks. When its share of recent selections exceeds `2 / N`, two
 *   endpoints cannot carry it: the key of 8, 16, ... blocks is taken, up to 8 levels, so that a popular beginning
 *   splits.
 * - A prompt without a full key goes to the endpoint with the least prefill work left.
 *
 * The cost is 0 for the winner and 1 for the other candidate; the rest follow by their work, in case both fail.
 *
 * Source: DualMap, arXiv 2602.06502 (ICLR 2026), with the constants of NVIDIA Dynamo's port, which also replaces the
 * two hash rings by rendezvous hashing and leaves the migration of queued requests out. A block here is 128 bytes of
 * prompt or so, about 32 tokens.
 */
export default definePolicy({
  type: 'dual-map',
  summary: 'The warmer of two endpoints that hashes of the prompt name, within a budget of queued work',
  options,
  reads: ['queuedTokens', 'queuedSeconds', 'matchedTokens'],
  reasons: ['warmer', 'equally-warm', 'over-budget', 'no-key'],
  unit: 'rank',
  terms: ['place', 'pending', 'own'],
  create({ keyBlocks, windowRequests, budgetTokens, sloSeconds }) {
    const recent = createRecentKeys(windowRequests, MAX_LEVELS)
    const draw = createDraw()
    const keys = new Float64Array(MAX_LEVELS)

    /** The shortest of the keys that two endpoints can carry, else the longest. */
    function chooseKey(levels: number, endpoints: number): number {
      for (let level = 0; level < levels; level++) {
        if (recent.shareWithNext(keys[level]!) <= 2 / endpoints) return keys[level]!
      }
      return keys[levels - 1]!
    }

    function pendingAt({ signals }: Endpoint): number {
      return sloSeconds === undefined ? signals.queuedTokens : signals.queuedSeconds
    }

    /** What the request would add to `pendingAt`. */
    function ownAt({ signals, rates }: Endpoint, promptTokens: number): number {
      const uncached = Math.max(0, promptTokens - signals.matchedTokens)
      return sloSeconds === undefined ? uncached : prefillSeconds(rates, uncached, signals.matchedTokens)
    }

    function lessPending(a: number, b: number, candidates: readonly Endpoint[]): number {
      const difference = pendingAt(candidates[a]!) - pendingAt(candidates[b]!)
      return difference < 0 || (difference === 0 && candidates[a]!.url < candidates[b]!.url) ? a : b
    }

    return {
      rank(request, candidates, ranking) {
        const { promptTokens } = request
        const levels = candidates.length > 1 ? readKeys(request, keyBlocks, keys) : 0
        const place = levels > 0 ? NOT_MAPPED : 0
        for (let i = 0; i < candidates.length; i++) {
          ranking.term(0, i, place)
          ranking.term(1, i, pendingAt(candidates[i]!))
          ranking.term(2, i, ownAt(candidates[i]!, promptTokens))
          ranking.cost[i] = place + pendingAt(candidates[i]!)
        }
        ranking.reason = 'no-key'
        if (levels === 0) return

        const key = chooseKey(levels, candidates.length)
        const first = draw(key, FIRST, candidates, -1)
        const second = draw(key, SECOND, candidates, first)
        const warmth = candidates[first]!.signals.matchedTokens - candidates[second]!.signals.matchedTokens
        const warm = warmth >= 0 ? first : second
        const backlog = pendingAt(candidates[warm]!) + ownAt(candidates[warm]!, promptTokens)
        ranking.reason =
          warmth === 0 ? 'equally-warm' : backlog > (sloSeconds ?? budgetTokens) ? 'over-budget' : 'warmer'
        const winner = ranking.reason === 'warmer' ? warm : lessPending(first, second, candidates)
        const other = winner === first ? second : first
        ranking.term(0, winner, 0)
        ranking.term(0, other, 1)
        ranking.cost[winner] = 0
        ranking.cost[other] = 1
      },
      booked(request) {
        const levels = readKeys(request, keyBlocks, keys)
        if (levels > 0) recent.note(keys, levels)
      },
    }
  },
})
