import type { Candidate } from '../../core/endpoint.ts'
import type { PluginServices, Policy, PolicyPlugin } from '../../core/plugin.ts'
import { Ranking } from '../../core/ranking.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import type { SignalName } from '../../core/signals.ts'
import { FILTERS, PICKERS, SCORERS } from '../index.ts'
import { createPartFactory } from '../part-factory.ts'
import { createRandomSource } from './random-source.ts'

/** What a policy said about one request. */
export interface Verdict {
  /** Cost of each candidate, in order. */
  readonly costs: readonly number[]
  /** Ids of the candidates with the lowest cost. */
  readonly best: readonly string[]
  readonly reason: string
  /** Every term's value per candidate, by the term's name. */
  readonly terms: Readonly<Record<string, readonly number[]>>
}

/** Services with all registered parts and a seeded random source. */
export function testServices(random: () => number = createRandomSource(1).random): PluginServices {
  return { random, parts: createPartFactory({ filters: FILTERS, scorers: SCORERS, pickers: PICKERS }, random) }
}

/** Lets a policy rank, as the scheduler does: a prepared ranking, then one call. */
export function verdictOf(
  plugin: PolicyPlugin,
  policy: Policy<SignalName>,
  request: SchedulingRequest,
  candidates: readonly Candidate<SignalName>[],
  now = 0,
): Verdict {
  const names = policy.terms ?? plugin.terms ?? []
  const ranking = new Ranking()
  const count = candidates.length
  ranking.begin(count, names.length, plugin.reasons[0])
  policy.rank(request, candidates, ranking, now)
  const costs = [...ranking.cost.subarray(0, count)]
  const lowest = Math.min(...costs)
  return {
    costs,
    best: candidates.filter((_, i) => costs[i] === lowest).map(({ id }) => id),
    reason: ranking.reason,
    terms: Object.fromEntries(names.map((name, t) => [name, [...ranking.terms.subarray(t * count, (t + 1) * count)]])),
  }
}

/** Creates the policy and lets it rank once. */
export function rankOf(
  plugin: PolicyPlugin,
  options: unknown,
  request: SchedulingRequest,
  candidates: readonly Candidate<SignalName>[],
): Verdict {
  return verdictOf(plugin, plugin.instantiate(options, testServices()), request, candidates)
}
