import type { PartConfig } from '../core/plugin.ts'
import { hostAndPort } from './endpoint-url.ts'
import type { EndpointInput } from './endpoint-schema.ts'
import type { Environment } from './environment.ts'
import { type HealthSettings, overrideHealth } from './health-schema.ts'
import type { ConfigPath } from './problem.ts'
import type { ConfigInput } from './schema.ts'
import { expandVariables } from './variables.ts'

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T

/** An endpoint with everything filled in. */
type Endpoint = Omit<EndpointInput, 'id' | 'health' | 'keepAlive'> & {
  /** Unique. */
  id: string
  health: HealthSettings
  /** Seconds an idle connection is kept. */
  keepAlive: number
}

type Pool = Omit<ConfigInput['pools'][number], 'policy'> & { policy: PartConfig }

/**
 * A complete, checked configuration: durations in seconds (0 where a time limit is off), sizes in bytes, KV cache in
 * tokens, no concurrency limit as Infinity, plugin files as absolute paths. Frozen.
 */
export type Config = DeepReadonly<Omit<ConfigInput, 'endpoints' | 'pools'> & { endpoints: Endpoint[]; pools: Pool[] }>

export type ConfigEndpoint = Config['endpoints'][number]

export type ConfigTokenizer = NonNullable<Config['pools'][number]['tokenizer']>

/**
 * Fills in what depends on other keys: ids, health and keep-alive of endpoints, policies of pools, variables in headers.
 *
 * @param locate Absolute path of a file that is written at this place of the configuration.
 */
export function completeConfig(
  input: ConfigInput,
  env: Environment,
  locate: (written: string, place: ConfigPath) => string,
): Config {
  const config: Config = {
    ...input,
    endpoints: input.endpoints.map((endpoint) =>
      completeEndpoint({ ...endpoint, headers: expandAll(endpoint.headers, env) }, input),
    ),
    pools: input.pools.map(({ tokenizer, ...pool }, index) => ({
      ...pool,
      policy: pool.policy ?? input.policy,
      ...(tokenizer === undefined ? {} : { tokenizer: locateTokenizer(tokenizer, index, locate) }),
    })),
    plugins: input.plugins.map((written, index) => locate(written, ['plugins', index])),
  }
  freeze(config)
  return config
}

function locateTokenizer(
  { path, ...rest }: NonNullable<ConfigInput['pools'][number]['tokenizer']>,
  pool: number,
  locate: (written: string, place: ConfigPath) => string,
): ConfigTokenizer {
  return path === undefined ? rest : { ...rest, path: locate(path, ['pools', pool, 'tokenizer', 'path']) }
}

/** Fills in what an endpoint takes over from its URL and from the rest of the configuration. */
export function completeEndpoint(
  endpoint: EndpointInput,
  { health, timeouts }: Pick<Config, 'health' | 'timeouts'>,
): ConfigEndpoint {
  return {
    ...endpoint,
    id: endpoint.id ?? hostAndPort(endpoint.url),
    health: overrideHealth(health, endpoint.health),
    keepAlive: endpoint.keepAlive ?? timeouts.keepAlive,
  }
}

function expandAll(headers: Readonly<Record<string, string>>, env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, expandVariables(value, env)]))
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const inner of Object.values(value)) freeze(inner)
}
