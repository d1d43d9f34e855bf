import { readFileSync } from 'node:fs'
import type { PolicyPlugin } from '../core/plugin.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { valueAt } from './faults.ts'
import { type ConfigFlags, readAliases, readFlags } from './flags.ts'
import type { JsonSchema } from './json-schema.ts'
import { configKeys } from './keys.ts'
import { createLayers, type Layers } from './layers.ts'
import type { ConfigPath, ConfigProblem, Origin } from './problem.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** Where a configuration comes from. */
export interface ConfigRequest {
  /** Path of the file; without it, only environment and flags count. */
  readonly file?: string
  /** Content of the file, where it has been read already. */
  readonly text?: string
  readonly env: Environment
  readonly flags: ConfigFlags
  /** Policies that may be named. */
  readonly knownPolicies: readonly PolicyPlugin[]
  /** Names of the profiles there are; any name is accepted when not given. */
  readonly profiles?: Iterable<string>
  /** True where a configuration without any endpoint is fine. */
  readonly endpointsOptional?: boolean
  /** Reads a file as text, or throws; from disk by default. */
  readonly readFile?: (path: string) => string
}

/** All layers of a configuration, put together but not checked. */
export interface ReadLayers {
  readonly layers: Layers
  /** The file; undefined when there is none. */
  readonly source: YamlSource | undefined
  /** True when there is a file but it could not be read or parsed: its values are then missing. */
  readonly broken: boolean
  readonly problems: readonly ConfigProblem[]
}

/** Reads file, environment and flags and puts them on top of each other. */
export function readLayers(request: Omit<ConfigRequest, 'knownPolicies'>, root: JsonSchema): ReadLayers {
  const { source, problems: unreadable } = readSource(request)
  const broken = unreadable.length > 0 || (source?.problems.length ?? 0) > 0
  const layers = createLayers(broken || source === undefined ? {} : source.tree, containers(root))
  const environment = readEnvironment(root, request.env)
  const flags = readFlags(root, request.flags)
  const misplaced = layers.apply([...environment.assignments, ...flags.assignments])
  const aliases = readAliases(valueAt(layers.tree, ['pools']), request.flags)
  const misplacedAliases = layers.apply(aliases.assignments)
  const all = [unreadable, source?.problems ?? [], environment.problems, flags.problems, misplaced]
  return { layers, source, broken, problems: [...all, aliases.problems, misplacedAliases].flat() }
}

/** Where the value (or its key) at `path` was set. */
export function originOf(path: ConfigPath, part: 'key' | 'value', { layers, source }: ReadLayers): Origin {
  return layers.originOf(path) ?? source?.locate(path, part) ?? { kind: 'none' }
}

function readSource({ file, text, readFile = fromDisk }: Pick<ConfigRequest, 'file' | 'text' | 'readFile'>) {
  const name = file ?? 'configuration'
  if (text !== undefined) return { source: readYaml(name, text), problems: [] }
  if (file === undefined) return { source: undefined, problems: [] }
  try {
    return { source: readYaml(file, readFile(file)), problems: [] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const problem: ConfigProblem = {
      path: '',
      message: `expected a readable file: ${reason}`,
      origin: { kind: 'none' },
    }
    return { source: undefined, problems: [problem] }
  }
}

function fromDisk(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Paths of the maps and lists, outside of lists. */
function containers(root: JsonSchema): ConfigPath[] {
  const keys = configKeys(root).filter(({ section, type }) => section || type.startsWith('list of'))
  return keys.flatMap(({ path }) => (path === undefined ? [] : [path]))
}
