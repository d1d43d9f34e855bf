import type { Candidate } from '../../core/endpoint.ts'
import type { FilterPlugin, ScorerPlugin } from '../../core/plugin.ts'
import type { SchedulingRequest } from '../../core/request.ts'
import type { SignalName } from '../../core/signals.ts'
import { testServices } from './rank-of.ts'

/** The score of every candidate, in order. */
export function scoresOf(
  plugin: ScorerPlugin,
  options: unknown,
  request: SchedulingRequest,
  candidates: readonly Candidate<SignalName>[],
): readonly number[] {
  const score = plugin.instantiate(options, testServices())
  return candidates.map((endpoint) => score(request, endpoint, candidates))
}

/** The ids of the candidates that the filter keeps. */
export function keptBy(
  plugin: FilterPlugin,
  options: unknown,
  request: SchedulingRequest,
  candidates: readonly Candidate<SignalName>[],
): readonly string[] {
  const keep = plugin.instantiate(options, testServices())
  return candidates.filter((endpoint) => keep(request, endpoint, candidates)).map(({ id }) => id)
}
