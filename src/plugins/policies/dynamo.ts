import type { Candidate } from '../../core/endpoint.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { Ranking } from '../../core/ranking.ts'

const options = z.strictObject({
  prefillLoadScale: z.number().nonnegative().default(1).describe('Weight of a prefill block against a decode block'),
  overlapCredit: z.number().nonnegative().default(1).describe('Prefill blocks that one matched block takes off'),
  overlapCreditDecay: z
    .number()
    .nonnegative()
    .default(0)
    .describe('How fast the credit fades as the queue outgrows the shortest one; 0 for never'),
  activeRequestWeight: z.number().nonnegative().default(0).describe('Blocks that each request in flight counts as'),
  ownDecode: z
    .enum(['prompt', 'uncached'])
    .default('prompt')
    .describe('What the request adds to the decode blocks: its whole prompt, or the part that is not held already'),
  temperature: z
    .number()
    .nonnegative()
    .default(0)
    .describe('Above 0, draws an endpoint by softmax over the costs, normalised to their range'),
  blockTokens: z.number().positive().default(16).describe('Tokens in a block'),
})

type Options = z.output<typeof options>
type Endpoints = readonly Candidate<'queuedTokens' | 'matchedTokens' | 'inFlightTokens' | 'inFlight'>[]

function shortestQueue(candidates: Endpoints): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let i = 0; i < candidates.length; i++) shortest = Math.min(shortest, candidates[i]!.signals.queuedTokens)
  return shortest
}

/** Draws by softmax and lifts all other costs above the drawn one. The range of the costs is the unit. */
function drawOne(ranking: Ranking, temperature: number, chance: number): void {
  const { cost, count } = ranking
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) {
    lowest = Math.min(lowest, cost[i]!)
    highest = Math.max(highest, cost[i]!)
  }
  const scale = highest > lowest ? (highest - lowest) * temperature : 1
  const weightOf = (i: number) => Math.exp(-(cost[i]! - lowest) / scale)
  let left = 0
  for (let i = 0; i < count; i++) left += weightOf(i)
  left *= chance
  let drawn = 0
  for (; drawn < count - 1; drawn++) {
    left -= weightOf(drawn)
    if (left < 0) break
  }
  const behind = highest - lowest + 1
  for (let i = 0; i < count; i++) {
    if (i === drawn) continue
    ranking.term(3, i, behind)
    cost[i] = cost[i]! + behind
  }
}

/**
 * Prefill blocks left plus decode blocks, this request included in both:
 *
 *     cost = prefillLoadScale * max(0, queued + prompt - credit * matched) + decode + activeRequestWeight * requests
 *
 * all in blocks of `blockTokens`, not rounded. Equal ones at random. With `overlapCreditDecay` d, the credit of an
 * endpoint is divided by `1 + d * excess / prompt`, where the excess is what its queue has over the shortest one.
 *
 * Source: the default worker selector of NVIDIA Dynamo and its defaults. Its own sweep found a prefill scale of 16 to
 * 32 far better than 1; then it is in effect least prefill work, with the decode load for ties. Credits for host, disk
 * and shared tiers are left out.
 *
 * Two numbers differ. Dynamo's decode blocks are the distinct blocks of all active sequences, as they grow; here they
 * are the tokens of the prompts in flight and of the answers they are expected to have, shared blocks counted each
 * time. And Dynamo charges a prompt in full until its first token, unless its load model is on; here its work drains as
 * it is done.
 */
export default definePolicy({
  type: 'dynamo',
  summary: 'Prefill blocks left to compute plus decode blocks',
  options,
  reads: ['queuedTokens', 'matchedTokens', 'inFlightTokens', 'inFlight'],
  reasons: ['lowest-cost', 'drawn'],
  unit: 'score',
  terms: ['prefill', 'decode', 'requests', 'not-drawn'],
  ties: 'random',
  create(settings: Options, services) {
    const { prefillLoadScale, overlapCredit, overlapCreditDecay, activeRequestWeight, blockTokens } = settings
    return {
      rank({ promptTokens }, candidates, ranking) {
        const shortest = overlapCreditDecay > 0 ? shortestQueue(candidates) : 0
        for (let i = 0; i < candidates.length; i++) {
          const { queuedTokens, matchedTokens, inFlightTokens, inFlight } = candidates[i]!.signals
          const excess = overlapCreditDecay > 0 ? (queuedTokens - shortest) / Math.max(1, promptTokens) : 0
          const credit = (overlapCredit * matchedTokens) / (1 + overlapCreditDecay * excess)
          const prefill = (prefillLoadScale * Math.max(0, queuedTokens + promptTokens - credit)) / blockTokens
          const own = settings.ownDecode === 'prompt' ? promptTokens : Math.max(0, promptTokens - matchedTokens)
          const decode = (inFlightTokens + own) / blockTokens
          const requests = activeRequestWeight * inFlight
          ranking.term(0, i, prefill)
          ranking.term(1, i, decode)
          ranking.term(2, i, requests)
          ranking.cost[i] = prefill + decode + requests
        }
        if (settings.temperature === 0) return
        ranking.reason = 'drawn'
        drawOne(ranking, settings.temperature, services.random())
      },
    }
  },
})
