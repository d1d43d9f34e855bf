import { definePolicy, z } from '../../core/plugin.ts'

/**
 * Draws two different endpoints and takes the one with fewer requests in flight. The rest follow behind both, fewest
 * requests first, for the case that both fail.
 *
 * Source: Mitzenmacher, The Power of Two Choices in Randomized Load Balancing (2001). It needs no fresh view of all
 * endpoints; where there is one, `least-loaded` is better in small pools.
 */
export default definePolicy({
  type: 'power-of-two',
  summary: 'The less loaded of two endpoints drawn at random',
  options: z.strictObject({}),
  reads: ['inFlight'],
  reasons: ['less-loaded-of-two'],
  unit: 'requests',
  terms: ['in-flight', 'not-drawn'],
  ties: 'random',
  create(_options, services) {
    return {
      rank(_request, candidates, ranking) {
        const count = candidates.length
        if (count === 0) return
        const first = Math.floor(services.random() * count)
        // Drawn among the others, so that the two differ.
        const other = Math.floor(services.random() * (count - 1))
        const second = count === 1 ? first : other < first ? other : other + 1
        const behind = 1 + Math.max(candidates[first]!.signals.inFlight, candidates[second]!.signals.inFlight)
        for (let i = 0; i < count; i++) {
          const { inFlight } = candidates[i]!.signals
          const notDrawn = i === first || i === second ? 0 : behind
          ranking.term(0, i, inFlight)
          ranking.term(1, i, notDrawn)
          ranking.cost[i] = inFlight + notDrawn
        }
      },
    }
  },
})
