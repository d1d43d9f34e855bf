import type { Candidate } from '../../core/endpoint.ts'
import { MovingAverage } from '../../core/moving-average.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import type { Ranking } from '../../core/ranking.ts'
import { prefillSeconds } from '../../core/rates.ts'
import { createLoadWindow, type LoadWindow } from '../load-window.ts'

type Endpoint = Candidate<'matchedTokens' | 'kvFill'>

const options = z.strictObject({
  windowSeconds: z.number().positive().default(180).describe('Seconds for which sent work counts as load, done or not'),
  imbalanceRatio: z
    .number()
    .min(1)
    .default(1.5)
    .describe('Load of the heaviest endpoint over that of the lightest above which its prompts go to the lightest'),
  minRequests: z
    .number()
    .nonnegative()
    .default(50)
    .describe('Requests per endpoint in the window, on average, below which nothing is redirected'),
  tpotSeconds: z
    .number()
    .positive()
    .default(0.15)
    .describe('Seconds per answer token until the first answer has ended'),
})

type Options = z.output<typeof options>

/** Seconds to compute again what the new tokens push out. */
function evictionSeconds({ signals, kvTokens, rates }: Endpoint, hitRate: number, newTokens: number): number {
  const evicted = Math.min(kvTokens, Math.max(0, newTokens - (1 - signals.kvFill) * kvTokens))
  return hitRate * (rates.prefillPerToken * evicted + (rates.prefillPerPair * evicted * evicted) / 2)
}

/** Prices all by load, eviction and prefill. */
function explore(promptTokens: number, candidates: readonly Endpoint[], window: LoadWindow, ranking: Ranking): void {
  for (let i = 0; i < candidates.length; i++) {
    const endpoint = candidates[i]!
    const { seconds, promptTokens: sentTokens, matchedTokens: heldTokens } = window.of(endpoint)
    const missed = Math.max(0, promptTokens - endpoint.signals.matchedTokens)
    const eviction = evictionSeconds(endpoint, sentTokens > 0 ? heldTokens / sentTokens : 0, missed)
    const prefill = prefillSeconds(endpoint.rates, missed, endpoint.signals.matchedTokens)
    ranking.term(1, i, eviction)
    ranking.term(2, i, prefill)
    ranking.cost[i] = seconds + eviction + prefill
  }
}

/** Prices all by load and puts everyone who does not hold the match behind those who do, unless they are too heavy. */
function exploit(
  longest: number,
  candidates: readonly Endpoint[],
  window: LoadWindow,
  ranking: Ranking,
  { minRequests, imbalanceRatio }: Options,
): void {
  let requests = 0
  let lightest = Number.POSITIVE_INFINITY
  let heaviest = 0
  let owner = Number.POSITIVE_INFINITY
  for (let i = 0; i < candidates.length; i++) {
    const load = window.of(candidates[i]!)
    requests += load.requests
    lightest = Math.min(lightest, load.seconds)
    heaviest = Math.max(heaviest, load.seconds)
    if (candidates[i]!.signals.matchedTokens === longest) owner = Math.min(owner, load.seconds)
  }
  const isSettled = requests >= minRequests * candidates.length
  const isTooHeavy = isSettled && owner === heaviest && heaviest > imbalanceRatio * lightest
  ranking.reason = isTooHeavy ? 'redirected' : 'exploit'
  for (let i = 0; i < candidates.length; i++) {
    const behind = isTooHeavy || candidates[i]!.signals.matchedTokens === longest ? 0 : heaviest + 1
    ranking.term(3, i, behind)
    ranking.cost[i] = window.of(candidates[i]!).seconds + behind
  }
}

/**
 * E2, exploitation and exploration:
 *
 * - Exploit, when the best match is longer than what remains of the prompt: the least loaded of the endpoints with that
 *   match. If it is the heaviest of all and carries more than 1.5 times the load of the lightest, the lightest instead,
 *   which thereby gets a copy of the prefix.
 * - Explore, otherwise: the lowest `L + M + P` in seconds of all endpoints.
 *
 * `L` is the load: prefill and decode time of everything sent there within 3 minutes. `M` is the time to compute again
 * what has to be evicted, times the chance that it is asked for again. `P` is the time to prefill what the endpoint
 * does not hold. The load is history, not backlog: a request counts for three minutes even if it has long been
 * answered.
 *
 * Source: Preble, arXiv 2407.00023, and its code (window, ratio, at least 50 requests per GPU, 0.15 s per token at
 * first). Prefill times are its offline fits for one model; here they come from the endpoint's rates. Decode time is
 * the expected answer times the seconds per token observed in the pool. What would be evicted is not known block by
 * block: here it is the part of the new tokens that exceeds the free KV cache, at the rate at which prompt tokens sent
 * there were held. Moving whole subtrees ahead of requests and replicating them when their TTFT doubles is left out.
 */
export default definePolicy({
  type: 'preble',
  summary: 'Endpoints that hold most of the prompt, else the least load, eviction and prefill in a three-minute window',
  options,
  reads: ['matchedTokens', 'kvFill'],
  reasons: ['exploit', 'explore', 'redirected'],
  unit: 'seconds',
  terms: ['load', 'eviction', 'prefill', 'not-owner'],
  create(settings: Options) {
    const window = createLoadWindow(settings.windowSeconds)
    const tpot = new MovingAverage(settings.tpotSeconds)

    return {
      rank({ promptTokens }, candidates, ranking, now) {
        window.advance(now)
        let longest = 0
        for (let i = 0; i < candidates.length; i++) {
          longest = Math.max(longest, candidates[i]!.signals.matchedTokens)
          ranking.term(0, i, window.of(candidates[i]!).seconds)
        }
        ranking.reason = 'explore'
        if (longest > promptTokens - longest) exploit(longest, candidates, window, ranking, settings)
        else explore(promptTokens, candidates, window, ranking)
      },
      booked({ promptTokens, outputTokens }, { signals, rates, slot, id }, now) {
        const matchedTokens = Math.min(promptTokens, signals.matchedTokens)
        const prefill = prefillSeconds(rates, promptTokens - matchedTokens, matchedTokens)
        window.advance(now)
        const seconds = prefill + outputTokens * tpot.value
        window.add({ slot, id }, { seconds, promptTokens, matchedTokens }, now)
      },
      ended(_request, _endpoint, { kind, ttft, e2e, outputTokens }) {
        if (kind === 'finished' && ttft !== undefined && outputTokens > 1)
          tpot.observe((e2e - ttft) / (outputTokens - 1))
      },
    }
  },
})
