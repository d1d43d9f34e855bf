import type { Candidate } from '../core/endpoint.ts'
import type { EndpointFilter, PartConfig, PartFactory, Picker, Scorer } from '../core/plugin.ts'
import type { SchedulingRequest } from '../core/request.ts'
import type { SignalName } from '../core/signals.ts'

/** What a scorer counts for that throws or returns NaN. */
const NEUTRAL = 0.5

type Endpoints = readonly Candidate<SignalName>[]

/** A scorer in a config: its type, its weight and its options side by side. */
export interface WeightedConfig extends PartConfig {
  readonly weight: number
}

/** A chain of filters, weighted scorers and a picker. */
export interface ScoreProfile {
  /** The candidates that all filters keep; may be none. */
  keep(request: SchedulingRequest, candidates: Endpoints): Endpoints
  /** Types of the scorers, in order. */
  readonly terms: readonly string[]
  /**
   * Writes the cost of every endpoint that was kept, in order.
   *
   * @param note Is told what each scorer contributed to the score of each kept endpoint.
   */
  price(
    request: SchedulingRequest,
    kept: Endpoints,
    note?: (scorer: number, endpoint: number, contribution: number) => void,
  ): Float64Array
  /** Calls of a filter or scorer that threw, since the profile was created. */
  failures(): number
}

interface WeightedScorer {
  readonly share: number
  readonly score: Scorer<SignalName>
}

function createScorers(configs: readonly WeightedConfig[], parts: PartFactory): readonly WeightedScorer[] {
  const total = configs.reduce((sum, { weight }) => sum + weight, 0)
  return configs.map(({ weight, ...part }) => ({ share: total === 0 ? 0 : weight / total, score: parts.scorer(part) }))
}

/** Into [0, 1]; NaN is neutral. */
function clamp(score: number): number {
  if (Number.isNaN(score)) return NEUTRAL
  return score < 0 ? 0 : score > 1 ? 1 : score
}

/**
 * Creates a profile from its configs.
 *
 * A filter that throws keeps the endpoint, a scorer that throws scores neutral; both are counted. The total score is the
 * weighted mean, so it lies in [0, 1] too.
 */
export function createScoreProfile(
  configs: { filters: readonly PartConfig[]; scorers: readonly WeightedConfig[]; picker: PartConfig },
  parts: PartFactory,
): ScoreProfile {
  const filters: readonly EndpointFilter<SignalName>[] = configs.filters.map((config) => parts.filter(config))
  const scorers = createScorers(configs.scorers, parts)
  const pick: Picker = parts.picker(configs.picker)
  let scores = new Float64Array(64)
  let costs = new Float64Array(64)
  let failures = 0

  function passes(
    filter: EndpointFilter<SignalName>,
    request: SchedulingRequest,
    at: number,
    from: Endpoints,
  ): boolean {
    try {
      return filter(request, from[at]!, from)
    } catch {
      failures++
      return true
    }
  }

  function scoreOf(score: Scorer<SignalName>, request: SchedulingRequest, at: number, kept: Endpoints): number {
    try {
      return clamp(score(request, kept[at]!, kept))
    } catch {
      failures++
      return NEUTRAL
    }
  }

  function prepare(count: number): void {
    if (scores.length < count) [scores, costs] = [new Float64Array(2 * count), new Float64Array(2 * count)]
    scores.fill(0, 0, count)
  }

  return {
    keep(request, candidates) {
      let kept = candidates
      for (const filter of filters) {
        const from = kept
        kept = from.filter((_, i) => passes(filter, request, i, from))
      }
      return kept
    },
    terms: configs.scorers.map(({ type }) => type),
    price(request, kept, note) {
      prepare(kept.length)
      for (const [at, { share, score }] of scorers.entries()) {
        for (let i = 0; i < kept.length; i++) {
          const contribution = share * scoreOf(score, request, i, kept)
          scores[i] = scores[i]! + contribution
          note?.(at, i, contribution)
        }
      }
      pick(scores, kept.length, costs)
      return costs
    },
    failures: () => failures,
  }
}
