import { type Assigned, assign, type Assignment } from './assignment.ts'
import type { JsonSchema } from './json-schema.ts'
import { configKeys } from './keys.ts'
import type { ConfigPath, ConfigProblem } from './problem.ts'
import { suggest } from './suggest.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Variable that names the configuration file; it is no key of the file itself. */
export const CONFIG_VARIABLE = 'KVASIR_CONFIG'

const PREFIX = 'KVASIR_'

interface Variable {
  readonly name: string
  readonly path: ConfigPath
  /** Turns an accepted spelling into the one of the key. */
  readonly rewrite?: (text: string) => string
}

/** Variables of KV-Router, which mean the same here; the KVASIR_ ones win over them. */
export const SHORT_VARIABLES: readonly Variable[] = [
  { name: 'BACKENDS', path: ['endpoints'] },
  { name: 'PORT', path: ['listen', 'port'] },
  { name: 'HEALTH_PATH', path: ['health', 'path'] },
  { name: 'LOG_LEVEL', path: ['log', 'level'], rewrite: pythonLevel },
]

/** Variables that Kubernetes sets in every pod for a Service whose name begins with "kvasir". */
const SERVICE_LINK = /(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\/\S+:\d+$/

/**
 * What the environment says, in the order in which it is to be applied. An empty variable counts as not set. A
 * `KVASIR_` variable that belongs to no key is a problem, unless Kubernetes put it there.
 */
export function readEnvironment(root: JsonSchema, env: Environment) {
  const assignments: Assignment[] = []
  const problems: ConfigProblem[] = []
  const own = configKeys(root).flatMap(({ variable, path }) => (variable && path ? [{ name: variable, path }] : []))
  for (const variable of [...SHORT_VARIABLES, ...own]) {
    const read = readVariable(root, env, variable)
    if (read === undefined) continue
    if ('problem' in read) problems.push(read.problem)
    else assignments.push(read.assignment)
  }
  problems.push(...unknownVariables(env, [CONFIG_VARIABLE, ...own.map(({ name }) => name)]))
  return { assignments, problems }
}

function readVariable(root: JsonSchema, env: Environment, { name, path, rewrite }: Variable): Assigned | undefined {
  const text = env[name]?.trim()
  if (text === undefined || text === '' || isServiceLink(name, text)) return undefined
  return assign(root, path, rewrite === undefined ? text : rewrite(text), { kind: 'environment', variable: name })
}

function unknownVariables(env: Environment, known: readonly string[]): ConfigProblem[] {
  return Object.entries(env).flatMap(([name, text = '']) => {
    if (!name.startsWith(PREFIX) || known.includes(name) || isServiceLink(name, text)) return []
    const near = suggest(
      name.slice(PREFIX.length),
      known.map((other) => other.slice(PREFIX.length)),
    )
    const problem = {
      path: '',
      message: 'no key has this variable',
      origin: { kind: 'environment', variable: name },
    } as const
    return [near === undefined ? problem : { ...problem, hint: `did you mean ${PREFIX}${near}?` }]
  })
}

function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && SERVICE_ADDRESS.test(text))
}

function pythonLevel(text: string): string {
  const level = text.toLowerCase()
  return { warning: 'warn', critical: 'fatal' }[level] ?? level
}
