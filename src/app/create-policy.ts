import type { Config } from '../config/config.ts'
import type { PluginServices } from '../core/plugin.ts'
import type { PoolPolicy } from '../core/pool.ts'
import { findPolicy } from '../plugins/find-policy.ts'
import { instantiatePlugin } from '../plugins/instantiate-plugin.ts'
import { createPartFactory } from '../plugins/part-factory.ts'
import type { PluginLists } from './load-plugins.ts'

/** Creates the policy that the configuration names for a model's pool, with a state of its own. */
export function createPolicy(config: Config, plugins: PluginLists, model: string, random: () => number): PoolPolicy {
  const { type, ...options } = config.pools.find((pool) => pool.model === model)?.policy ?? config.policy
  const plugin = findPolicy(type, plugins.policies)
  const services: PluginServices = { random, parts: createPartFactory(plugins, random) }
  return { plugin, policy: instantiatePlugin(plugin, options, services) }
}
