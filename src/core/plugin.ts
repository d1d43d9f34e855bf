import { z } from 'zod'
import type { Candidate } from './endpoint.ts'
import type { RequestOutcome } from './outcome.ts'
import type { Ranking } from './ranking.ts'
import type { SchedulingRequest } from './request.ts'
import type { SignalName } from './signals.ts'

export { z }

/** What a plugin is handed when it is created. */
export interface PluginServices {
  /** Uniform number in [0, 1), from the router's seeded source. */
  random(): number
  /** Builds the filters, scorers and pickers that a policy's options name. */
  readonly parts: PartFactory
}

/** Looks plugins up by `type`; throws a message that lists the known types when there is none. */
export interface PartFactory {
  filter(config: PartConfig): EndpointFilter<SignalName>
  scorer(config: PartConfig): Scorer<SignalName>
  picker(config: PartConfig): Picker
}

/** A plugin as a config names it: its type, and its options beside it. */
export interface PartConfig {
  readonly type: string
  readonly [option: string]: unknown
}

/** Ranks the candidates of one request; created once per pool. */
export interface Policy<Reads extends SignalName> {
  /** Names of the terms of its costs, where the options decide them; otherwise the plugin's `terms`. */
  readonly terms?: readonly string[]
  /**
   * Writes a cost for every candidate; the scheduler picks the lowest. Must not change the policy's own state, because
   * explanations call it without sending anything: that belongs into `booked`.
   *
   * @param now Seconds on a monotonic clock.
   */
  rank(request: SchedulingRequest, candidates: readonly Candidate<Reads>[], ranking: Ranking, now: number): void
  /** The request was sent to this endpoint. */
  booked?(request: SchedulingRequest, endpoint: Candidate<Reads>, now: number): void
  /** The request has ended, whichever way. */
  ended?(request: SchedulingRequest, endpoint: Candidate<Reads>, outcome: RequestOutcome, now: number): void
}

/** True when the endpoint may serve the request. */
export type EndpointFilter<Reads extends SignalName> = (
  request: SchedulingRequest,
  endpoint: Candidate<Reads>,
  candidates: readonly Candidate<Reads>[],
) => boolean

/** How well the endpoint suits the request, 0 to 1; outside values are clamped, NaN counts as 0.5. */
export type Scorer<Reads extends SignalName> = (
  request: SchedulingRequest,
  endpoint: Candidate<Reads>,
  candidates: readonly Candidate<Reads>[],
) => number

/** Turns the weighted scores (best first is highest) of `count` candidates into costs (lowest wins). */
export type Picker = (scores: Float64Array, count: number, cost: Float64Array) => void

/** How the scheduler separates equal costs. */
export type TieRule =
  /** Fewest requests in flight, then in turn. */
  | 'fewest-in-flight'
  /** Uniformly at random. */
  | 'random'

interface Described<Options> {
  /** Name in the config, kebab-case. */
  readonly type: string
  /** One sentence for the plugin reference. */
  readonly summary: string
  /** Strict object with defaults and descriptions: the only source of defaults, docs and JSON Schema. */
  readonly options: z.ZodType<Options>
}

interface Reading<Reads extends SignalName> {
  /** The signals the plugin uses; reading any other is a type error. */
  readonly reads: readonly Reads[]
}

interface PolicyFacts {
  /** Every reason `rank` may give; the first is the usual one. */
  readonly reasons: readonly [string, ...string[]]
  /** What a cost is measured in. */
  readonly unit: 'seconds' | 'tokens' | 'requests' | 'score' | 'rank'
  /** Names of the terms a cost consists of, for the explanation. */
  readonly terms?: readonly string[]
  /** How equal costs are separated; by default the fewest requests in flight, then in turn. */
  readonly ties?: TieRule
}

interface Creates<Options, Made> {
  create(options: Options, services: PluginServices): Made
}

/** A plugin whose options type is sealed inside, so that plugins of all kinds fit into one list. */
interface Sealed<Kind extends string, Made> extends Described<unknown> {
  readonly kind: Kind
  readonly reads: readonly SignalName[]
  /** Checks the options against the schema (throws a ZodError) and creates the plugin. */
  instantiate(options: unknown, services: PluginServices): Made
}

export interface PolicyPlugin extends Sealed<'policy', Policy<SignalName>>, PolicyFacts {}
export type FilterPlugin = Sealed<'filter', EndpointFilter<SignalName>>
export type ScorerPlugin = Sealed<'scorer', Scorer<SignalName>>
export type PickerPlugin = Sealed<'picker', Picker>
export type Plugin = PolicyPlugin | FilterPlugin | ScorerPlugin | PickerPlugin

function seal<Options, Made>(definition: Described<Options> & Creates<Options, Made>) {
  return (options: unknown, services: PluginServices): Made =>
    definition.create(definition.options.parse(options), services)
}

/** Defines a policy: the part that ranks the endpoints of a request. */
export function definePolicy<Options, const Reads extends SignalName>(
  definition: Described<Options> & Reading<Reads> & PolicyFacts & Creates<Options, Policy<Reads>>,
): PolicyPlugin {
  return { ...definition, kind: 'policy', instantiate: seal(definition) }
}

/** Defines a filter, which drops endpoints that may not serve a request. */
export function defineFilter<Options, const Reads extends SignalName>(
  definition: Described<Options> & Reading<Reads> & Creates<Options, EndpointFilter<Reads>>,
): FilterPlugin {
  return { ...definition, kind: 'filter', instantiate: seal(definition) }
}

/** Defines a scorer, which rates how well one endpoint suits a request. */
export function defineScorer<Options, const Reads extends SignalName>(
  definition: Described<Options> & Reading<Reads> & Creates<Options, Scorer<Reads>>,
): ScorerPlugin {
  return { ...definition, kind: 'scorer', instantiate: seal(definition) }
}

/** Defines a picker, which turns scores into a choice. */
export function definePicker<Options>(definition: Described<Options> & Creates<Options, Picker>): PickerPlugin {
  return { ...definition, reads: [], kind: 'picker', instantiate: seal(definition) }
}
