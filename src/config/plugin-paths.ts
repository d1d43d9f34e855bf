import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { valueAt } from './faults.ts'
import { configJsonSchema } from './json-schema.ts'
import type { Origin } from './problem.ts'
import { type ConfigRequest, originOf, readLayers } from './read-layers.ts'

/**
 * Absolute paths of the plugin files a configuration names. They have to be loaded before the configuration can be
 * checked, because it may use the policies in them; whatever else is wrong with it is ignored here.
 */
export function pluginPaths(request: Omit<ConfigRequest, 'knownPolicies'>): string[] {
  const read = readLayers(request, configJsonSchema())
  const written = z
    .array(z.string().catch(''))
    .catch([])
    .parse(valueAt(read.layers.tree, ['plugins']))
  return written.flatMap((path, index) =>
    path.trim() === '' ? [] : [pluginPath(path.trim(), originOf(['plugins', index], 'value', read))],
  )
}

/** Absolute path of a plugin or a tokenizer: one named in a file lies beside it, any other is relative to the working directory. */
export function pluginPath(written: string, origin: Origin): string {
  return origin.kind === 'file' ? resolve(dirname(origin.file), written) : resolve(written)
}
