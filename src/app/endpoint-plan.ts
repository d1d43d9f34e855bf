import type { Config, ConfigEndpoint } from '../config/config.ts'
import { dataParallelRank } from '../config/data-parallel-rank.ts'
import type { EndpointSettings } from '../core/endpoint.ts'
import { DEFAULT_PROFILE, profileNamed } from '../engine/profiles.ts'
import type { HealthSettings } from '../gateway/health-monitor.ts'
import type { UpstreamSettings } from '../gateway/upstream.ts'
import type { EnginePlan } from './engine-watch.ts'
import { type KvEventsPlan, kvEventsPlan } from './kv-events-plan.ts'

/** Everything that is configured about one endpoint. */
export interface EndpointPlan {
  /** What its address is called: the endpoint's id, or what the ids of all ranks behind it begin with. */
  readonly address: string
  /** Data-parallel ranks behind the address, each to be an endpoint; `auto` for as many as its engine tells. */
  readonly ranks: number | 'auto'
  readonly settings: EndpointSettings
  /** Undefined when the engine is asked. */
  readonly models: readonly string[] | undefined
  readonly upstream: UpstreamSettings
  readonly health: HealthSettings
  readonly engine: EnginePlan
  /** Undefined when its blocks are predicted. */
  readonly kvEvents: KvEventsPlan | undefined
}

/** What the program does with one configured endpoint: profile names become rates, times are taken over. */
export function endpointPlan(config: Config, endpoint: ConfigEndpoint): EndpointPlan {
  const profile = profileNamed(endpoint.profile ?? DEFAULT_PROFILE)
  const { id, url, role, labels, maxConcurrency, models, health, headers, keepAlive } = endpoint
  const rank = endpoint.kvEvents?.rank ?? dataParallelRank(headers)
  return {
    address: id,
    ranks: rank === undefined ? endpoint.ranks : 1,
    settings: {
      id,
      url,
      role,
      labels,
      maxConcurrency,
      rates: profile.rates,
      kvTokens: endpoint.kvTokens ?? profile.kvTokens,
    },
    models,
    health,
    upstream: {
      connectTimeout: config.timeouts.connect,
      firstByteTimeout: config.timeouts.firstByte,
      idleTimeout: config.timeouts.idle,
      keepAlive,
      headers,
    },
    engine: {
      engine: endpoint.engine === 'auto' ? undefined : endpoint.engine,
      polled: endpoint.metrics,
      rank,
      learnsKvTokens: endpoint.kvTokens === undefined,
    },
    kvEvents: kvEventsPlan(endpoint),
  }
}
