import { type Config, completeConfig } from './config.ts'
import { findConflicts } from './cross-checks.ts'
import { describeFault } from './describe-fault.ts'
import { type Fault, faultsOf, valueAt } from './faults.ts'
import { hintForKey, hintForValue } from './hints.ts'
import { configJsonSchema, type JsonSchema } from './json-schema.ts'
import { pluginPath } from './plugin-paths.ts'
import { type ConfigProblem, type Origin, showPath } from './problem.ts'
import { type ConfigRequest, originOf, readLayers, type ReadLayers } from './read-layers.ts'
import { configSchema, type Known } from './schema.ts'

/** Where the values are from. */
export interface ConfigSources {
  readonly file: string | undefined
  /** Variable or flag by the path of the key, e.g. `listen.port`. */
  readonly assigned: ReadonlyMap<string, Origin>
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly sources: ConfigSources }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/**
 * Puts the configuration together (defaults, file, environment, flags; later wins), checks it and fills it in. Finds
 * all problems at once, each with its place in the file, its variable or its flag.
 */
export function loadConfig(request: ConfigRequest): ConfigResult {
  const { env, file, knownPolicies: policies, profiles } = request
  const known: Known = profiles === undefined ? { policies } : { policies, profiles: [...profiles] }
  const root = configJsonSchema(known)
  const read = readLayers(request, root)
  const checked = configSchema(known).safeParse(read.layers.tree)
  const faults = faultsOf(checked.error?.issues ?? [], read.layers.tree)
  const found = [
    ...faults.map((fault) => problemOf(fault, root, read)),
    ...conflicts(read, env),
    ...(request.endpointsOptional === true ? [] : noEndpoints(read)),
  ]
  const problems = [...read.problems, ...found.filter(({ origin }) => !read.broken || isAssigned(origin))]
  if (!checked.success || problems.length > 0) return { ok: false, problems }
  const config = completeConfig(checked.data, env, (written, place) =>
    pluginPath(written, originOf(place, 'value', read)),
  )
  return { ok: true, config, sources: { file, assigned: read.layers.assigned } }
}

function problemOf(fault: Fault, root: JsonSchema, read: ReadLayers): ConfigProblem {
  const { path, kind } = fault
  const hint = hintFor(fault, root, read.layers.tree)
  const message = describeFault(
    hint === undefined ? fault : { ...fault, expected: shorten(fault.expected) },
    read.layers.tree,
  )
  const origin = originOf(path, kind === 'value' ? 'value' : 'key', read)
  return { path: showPath(path), message, ...(hint === undefined ? {} : { hint }), origin }
}

function hintFor({ path, kind, expected }: Fault, root: JsonSchema, tree: unknown): string | undefined {
  const parent = path.slice(0, -1)
  const around = valueAt(tree, parent)
  if (kind === 'unknown-key') return hintForKey(root, path, valueAt(tree, [...parent, 'type']))
  if (typeof around === 'string') return `write ${showPath(parent)}: { type: ${around}, ${path.at(-1)}: ... }`
  return hintForValue(expected, valueAt(tree, path))
}

/** A long list of choices as its length. */
function shorten(expected: string): string {
  return expected.length > 300 ? `expected one of ${expected.split(', ').length} names` : expected
}

function conflicts(read: ReadLayers, env: ConfigRequest['env']): ConfigProblem[] {
  return findConflicts(read.layers.tree, env).map(({ path, ...rest }) => ({
    ...rest,
    path: showPath(path),
    origin: originOf(path, 'value', read),
  }))
}

function noEndpoints(read: ReadLayers): ConfigProblem[] {
  if (valueAt(read.layers.tree, ['endpoints']) !== undefined) return []
  const hint = 'list their URLs under endpoints in the file, in KVASIR_ENDPOINTS, or with --endpoint'
  return [{ path: 'endpoints', message: 'expected at least one endpoint, found none', hint, origin: { kind: 'none' } }]
}

/** Where a file could not be read, only what environment and flags say can be judged. */
function isAssigned({ kind }: Origin): boolean {
  return kind === 'environment' || kind === 'flag'
}
