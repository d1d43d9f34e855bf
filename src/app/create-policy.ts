import type { Config } from '../config/config.ts'
import type { PluginServices } from '../core/plugin.ts'
import type { PoolPolicy } from '../core/pool.ts'
import { findPolicy } from '../plugins/find-policy.ts'
import { instantiatePlugin } from '../plugins/instantiate-plugin.ts'
import { createPartFactory } from '../plugins/part-factory.ts'
import type { PluginLists } from './load-plugins.ts'

/** Whose pool a policy is for. */
export interface PolicyPlace {
  readonly model: string
  /** The model it is an adapter of. */
  readonly base?: string | undefined
}

/** Creates the policy that the configuration names for a model's pool, with a state of its own. */
export function createPolicy(
  config: Config,
  plugins: PluginLists,
  { model, base }: PolicyPlace,
  random: () => number,
): PoolPolicy {
  const { type, ...options } = configured(config, model) ?? configured(config, base) ?? config.policy
  const plugin = findPolicy(type, plugins.policies)
  const services: PluginServices = { random, parts: createPartFactory(plugins, random) }
  return { plugin, policy: instantiatePlugin(plugin, options, services) }
}

function configured({ pools }: Config, model: string | undefined): Config['policy'] | undefined {
  return pools.find((pool) => pool.model === model)?.policy
}
