import { RANK_HEADER } from '../core/data-parallel-rank.ts'
import type { EngineName } from '../signals/metrics/engine-table.ts'
import type { KvEventSource } from './kv-event-source.ts'
import type { RouteAnswer } from './ask-routes.ts'

/** By which route the endpoint generates. */
export type GeneratingRoute = 'chat' | 'completions'

/** What the checks have found out about an endpoint so far; a check builds on those before it. Missing is unknown. */
export interface EndpointFacts {
  readonly engine?: EngineName | undefined
  readonly version?: string | undefined
  /** Names by which a base model can be asked for. */
  readonly models?: readonly string[] | undefined
  readonly adapters?: readonly string[] | undefined
  /** The model that small requests are sent to. */
  readonly askModel?: string | undefined
  /** Tokens of prompt and answer that one request may have. */
  readonly contextTokens?: number | undefined
  /** Tokens per KV block, as the engine says on its metrics page or in its events. */
  readonly blockSize?: number | undefined
  readonly kvCapacityTokens?: number | undefined
  /** Requests that may run at once. */
  readonly maxRunning?: number | undefined
  /** Data-parallel ranks behind the address. */
  readonly ranks?: number | undefined
  /** Whether prefixes are reused, as far as it is known: configured or seen. */
  readonly prefixCaching?: boolean | undefined
  readonly hashAlgorithm?: string | undefined
  /** True when the engine's configuration says that KV events are published. */
  readonly kvEventsConfigured?: boolean | undefined
  readonly kvEventSource?: KvEventSource | undefined
  readonly generatingRoute?: GeneratingRoute | undefined
  /** Tokens that the engine makes of the doctor's first small request, which is the same everywhere. */
  readonly promptTokens?: number | undefined
  /** A fingerprint of the ids that the engine makes of an awkward text, which is the same everywhere. */
  readonly tokenFingerprint?: string | undefined
  readonly cachedTokensReported?: boolean | undefined
  /** The engine's name for the first block of the doctor's prompt, in hexadecimal, from its KV events. */
  readonly firstBlockHash?: string | undefined
  /** Whether KV events arrived. */
  readonly kvEventsArrive?: boolean | undefined
  /** Seconds after which the engine closes an idle connection; Infinity when it did not while it was watched. */
  readonly idleSeconds?: number | undefined
  /** Seconds by which the engine's clock is ahead of ours. */
  readonly clockSkewSeconds?: number | undefined
  /** What the routes of the engine's table answered, for the checks that judge them. */
  readonly routes?: readonly RouteAnswer[] | undefined
}

/**
 * Headers that send requests to one data-parallel rank, where several share an address: what follows from a request can
 * only be seen where it went. vLLM and SGLang know them.
 */
export function sameRank({ ranks = 1 }: EndpointFacts): Readonly<Record<string, string>> {
  return ranks > 1 ? { [RANK_HEADER]: '0' } : {}
}

/** `over` on top of `base`: what is known in `over` counts. */
export function mergeFacts(base: EndpointFacts, over: EndpointFacts): EndpointFacts {
  return { ...base, ...Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)) }
}
