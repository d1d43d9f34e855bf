import { definePolicy, z } from '../../core/plugin.ts'
import { SIGNAL_NAMES } from '../../core/signals.ts'
import { createScoreProfile } from '../score-profile.ts'

const part = z.looseObject({ type: z.string().describe('Type of the plugin; its options stand beside it') })
const weighted = part.extend({
  weight: z.number().nonnegative().default(1).describe('Weight of the score, relative to the others'),
})

const DEFAULT_SCORERS = [
  { type: 'prefix-match', weight: 1 },
  { type: 'queue-work', weight: 1 },
  { type: 'in-flight', weight: 0.5 },
]

/**
 * A profile of parts: filters drop endpoints, scorers rate the rest in [0, 1], a picker chooses by the weighted mean.
 *
 * - Scores outside [0, 1] are clamped, NaN counts as 0.5.
 * - A scorer that throws scores 0.5 and a filter that throws keeps the endpoint; the decision's reason is then
 *   `part-failed`, so the failures are counted wherever reasons are.
 * - When the filters drop every endpoint, all stay and the reason is `filters-dropped-all`.
 *
 * The default profile weighs the prefix match as much as the queued prefill work: published searches saw no gain from more
 * than 1.33 to 1.
 *
 * Source: the scheduling profile of the llm-d router, whose scorers are weighted sums of scores in [0, 1].
 */
export default definePolicy({
  type: 'weighted-scorers',
  summary: 'Filters, weighted scorers and a picker, put together in the config',
  options: z.strictObject({
    filters: z.array(part).default([]).describe('Filters, applied in order'),
    scorers: z.array(weighted).default(DEFAULT_SCORERS).describe('Scorers and their weights'),
    picker: part.default({ type: 'max-score' }).describe('Picker'),
  }),
  // The parts are known only when the config is read, so any signal may be needed.
  reads: SIGNAL_NAMES,
  reasons: ['best-score', 'part-failed', 'filters-dropped-all'],
  unit: 'score',
  create(options, { parts }) {
    const profile = createScoreProfile(options, parts)
    return {
      terms: profile.terms,
      rank(request, candidates, ranking) {
        const failuresBefore = profile.failures()
        const passed = profile.keep(request, candidates)
        const kept = passed.length === 0 ? candidates : passed
        const places = placesOf(kept, candidates)
        const costs = profile.price(request, kept, (scorer, i, value) => ranking.term(scorer, places[i]!, value))
        ranking.cost.fill(Number.POSITIVE_INFINITY, 0, candidates.length)
        for (let i = 0; i < kept.length; i++) ranking.cost[places[i]!] = costs[i]!
        if (passed.length === 0) ranking.reason = 'filters-dropped-all'
        else if (profile.failures() > failuresBefore) ranking.reason = 'part-failed'
      },
    }
  },
})

/** Where each of `kept`, which is in the order of `candidates`, stands among them. */
function placesOf(kept: readonly unknown[], candidates: readonly unknown[]): number[] {
  const places: number[] = []
  for (let i = 0; i < candidates.length && places.length < kept.length; i++) {
    if (candidates[i] === kept[places.length]) places.push(i)
  }
  return places
}
