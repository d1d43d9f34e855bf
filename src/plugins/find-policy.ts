import type { PolicyPlugin } from '../core/plugin.ts'
import { findPlugin } from './find-plugin.ts'
import { POLICIES } from './index.ts'

/**
 * The policy of this type.
 *
 * @param policies Where to look; an operator's own policies may be added.
 * @throws {PluginConfigError} When there is none; the message lists the types there are.
 */
export function findPolicy(type: string, policies: readonly PolicyPlugin[] = POLICIES): PolicyPlugin {
  return findPlugin(policies, 'policy', type)
}
