/**
 * The adapter in a name of the form `model:adapter`, by which SGLang is asked for one; undefined when it is no such name.
 * Names of models and adapters may hold colons themselves (`qwen3:8b`): only where an adapter of that very model is behind
 * one of them is the name cut there.
 *
 * @param baseOf The model that an adapter belongs to; undefined for what is no adapter.
 * @param resolve The model that is meant by a name: itself unless it is an alias.
 */
export function adapterInName(
  name: string,
  baseOf: (adapter: string) => string | undefined,
  resolve: (model: string) => string,
): string | undefined {
  for (let at = name.indexOf(':'); at > 0; at = name.indexOf(':', at + 1)) {
    const adapter = name.slice(at + 1)
    const base = baseOf(adapter)
    if (base !== undefined && base === resolve(name.slice(0, at))) return adapter
  }
  return undefined
}
