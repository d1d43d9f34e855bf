import { MovingAverage } from '../../core/moving-average.ts'
import { definePolicy, z } from '../../core/plugin.ts'
import { prefillSeconds } from '../../core/rates.ts'
import { createReuseEstimate } from '../reuse-estimate.ts'

/**
 * The default: what placing the request here costs everyone, in seconds.
 *
 *     cost = wait + memory + prefill + eviction + w * slowdown
 *
 * - `wait`: prefill work ahead, as it is left now, not as it was when it was sent;
 * - `memory`: the time until requests in flight have freed the KV tokens that this one lacks there;
 * - `prefill`: the request's own uncached prompt, attention to its cached part included;
 * - `eviction`: the recomputation of what has to leave the cache there, times the estimated chance that it is asked for
 *   again; nothing where there is room;
 * - `slowdown`: the stall that this prefill causes to those decoding there, and the steps that grow longer, for them
 *   and for this request, while it decodes.
 *
 * `w` turns a second of decoding into seconds of waiting: the observed TTFT over the observed decode time of an answer,
 * at most 1. When little waits, `w` is small and the rule becomes least prefill work left; the more the engines are
 * pressed, the more it keeps long prompts away from busy decoders. Nothing in it is for the user to tune.
 *
 * Prompts in flight count as held (the index is booked with the decision), so a burst with one system prompt builds a
 * copy on each idle endpoint as soon as waiting for the first copy costs more than computing another.
 *
 * Source: work left and min-TTFT routing as in Mooncake (FAST'25) and SMetric; the interference terms follow from the
 * step model in `core/rates.ts`.
 */
export default definePolicy({
  type: 'marginal-cost',
  summary: 'Lowest cost to everyone in seconds: work ahead, own uncached prefill, slow-down of those decoding',
  options: z.strictObject({}),
  reads: ['queuedSeconds', 'matchedTokens', 'decoding', 'inFlight', 'inFlightTokens', 'kvFill'],
  reasons: ['lowest-cost'],
  unit: 'seconds',
  terms: ['wait', 'memory', 'prefill', 'eviction', 'slowdown'],
  create() {
    const ttft = new MovingAverage(0.5)
    const decodeSeconds = new MovingAverage(10)
    const reuse = createReuseEstimate()
    // Of the last ranking, for `booked`: the longest match anywhere, and the tokens that the endpoints hold together.
    const last = { held: 0, capacity: 0 }
    return {
      rank(request, candidates, ranking) {
        const weight = Math.min(1, ttft.value / Math.max(decodeSeconds.value, 1e-3))
        const steps = request.outputTokens
        last.held = last.capacity = 0
        for (let i = 0; i < candidates.length; i++) {
          const { signals, rates, kvTokens } = candidates[i]!
          const uncached = Math.max(1, request.promptTokens - signals.matchedTokens)
          const own = prefillSeconds(rates, uncached, signals.matchedTokens)
          // Requests in flight free their tokens evenly over the time that an answer takes.
          const lacking = signals.inFlightTokens + uncached + steps - kvTokens
          const memory = lacking > 0 ? (lacking / Math.max(1, signals.inFlightTokens)) * decodeSeconds.value : 0
          const overflow = Math.max(0, uncached + steps - (1 - signals.kvFill) * kvTokens)
          const eviction = overflow * rates.prefillPerToken * reuse.probability
          const longerSteps = rates.decodePerSequence + rates.decodePerKvToken * request.promptTokens
          const forOthers = signals.decoding * own + signals.inFlight * (steps / 2) * longerSteps
          const perStep = rates.decodePerSequence * signals.inFlight + rates.decodePerKvToken * signals.inFlightTokens
          const slowdown = weight * (forOthers + steps * perStep)
          ranking.term(0, i, signals.queuedSeconds)
          ranking.term(1, i, memory)
          ranking.term(2, i, own)
          ranking.term(3, i, eviction)
          ranking.term(4, i, slowdown)
          ranking.cost[i] = signals.queuedSeconds + memory + own + eviction + slowdown
          if (signals.matchedTokens > last.held) last.held = signals.matchedTokens
          last.capacity += kvTokens
        }
      },
      booked(request) {
        reuse.note(request, last.held, 2 * last.capacity)
      },
      ended(_request, _endpoint, outcome) {
        if (outcome.kind !== 'finished' || outcome.ttft === undefined) return
        ttft.observe(outcome.ttft)
        if (outcome.outputTokens > 1) decodeSeconds.observe(outcome.e2e - outcome.ttft)
      },
    }
  },
})
