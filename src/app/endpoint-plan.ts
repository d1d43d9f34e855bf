import type { Config, ConfigEndpoint } from '../config/config.ts'
import { dataParallelRank } from '../config/data-parallel-rank.ts'
import { DEFAULT_PROFILE, profileNamed } from '../engine/profiles.ts'
import type { EndpointPlan } from './endpoint-registry.ts'
import { kvEventsPlan } from './kv-events-plan.ts'

/** What the program does with one configured endpoint: profile names become rates, times are taken over. */
export function endpointPlan(config: Config, endpoint: ConfigEndpoint): EndpointPlan {
  const profile = profileNamed(endpoint.profile ?? DEFAULT_PROFILE)
  const { id, url, role, labels, maxConcurrency, models, health, headers, keepAlive } = endpoint
  return {
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
      rank: endpoint.kvEvents?.rank ?? dataParallelRank(headers),
      learnsKvTokens: endpoint.kvTokens === undefined,
    },
    kvEvents: kvEventsPlan(endpoint),
  }
}
