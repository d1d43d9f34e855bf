import type { Candidate } from '../../core/endpoint.ts'
import { defineScorer, z } from '../../core/plugin.ts'
import { oncePerDecision } from '../once-per-decision.ts'

type Endpoints = readonly Candidate<'idleSeconds' | 'matchedTokens'>[]

/** Score of every endpoint for a warm prompt. */
const NEUTRAL = 0.5

/**
 * Sends cold prompts to the endpoint that has gone longest without a request, so that new prefixes spread over the pool:
 * `1 - rank / (n - 1)`, where the rank counts the endpoints that have been idle longer. When any candidate holds some of
 * the prompt, the prompt is warm and all score 0.5.
 *
 * Source: llm-d's no-hit-LRU scorer.
 */
export default defineScorer({
  type: 'no-hit-lru',
  summary: 'Cold prompts to the least recently used endpoint',
  options: z.strictObject({
    coldShare: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Share of the prompt up to which a match is ignored, e.g. that of a common system prompt'),
  }),
  reads: ['idleSeconds', 'matchedTokens'],
  create({ coldShare }) {
    let idle = new Float64Array(64)

    /** Fills `idle` in ascending order and returns how many there are; 0 for a warm prompt. */
    const coldCount = oncePerDecision(({ promptTokens }, candidates: Endpoints) => {
      const count = candidates.length
      if (idle.length < count) idle = new Float64Array(2 * count)
      for (let i = 0; i < count; i++) {
        const { idleSeconds, matchedTokens } = candidates[i]!.signals
        if (matchedTokens > coldShare * promptTokens) return 0
        idle[i] = idleSeconds
      }
      idle.subarray(0, count).sort()
      return count
    })

    /** Number of endpoints idle for longer than `seconds`, by binary search. */
    function longerIdle(seconds: number, count: number): number {
      let low = 0
      let high = count
      while (low < high) {
        const middle = (low + high) >>> 1
        if (idle[middle]! > seconds) high = middle
        else low = middle + 1
      }
      return count - low
    }

    return (request, endpoint, candidates) => {
      const count = coldCount(request, endpoint, candidates)
      if (count === 0) return NEUTRAL
      return count === 1 ? 1 : 1 - longerIdle(endpoint.signals.idleSeconds, count) / (count - 1)
    }
  },
})
