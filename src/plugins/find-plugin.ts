import { PluginConfigError } from './instantiate-plugin.ts'

/**
 * The plugin of this type.
 *
 * @param kind What the plugins are, for the message.
 * @throws {PluginConfigError} When there is none; the message lists the types there are.
 */
export function findPlugin<Found extends { readonly type: string }>(
  plugins: readonly Found[],
  kind: string,
  type: string,
): Found {
  const found = plugins.find((plugin) => plugin.type === type)
  if (found !== undefined) return found
  const known = plugins.map((plugin) => plugin.type).join(', ')
  throw new PluginConfigError(`unknown ${kind} "${type}": expected one of ${known}`)
}
