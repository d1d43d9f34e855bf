import type { Command } from 'commander'
import { z } from 'zod'
import { type Assigned, assign, type Assignment, parsePath } from './assignment.ts'
import type { JsonSchema } from './json-schema.ts'
import type { ConfigPath, ConfigProblem, Origin } from './problem.ts'

/** Flags that set one key each. */
const SINGLE = [
  { flag: '--host', value: '<address>', path: ['listen', 'host'], help: 'address the gateway listens on' },
  { flag: '--port', value: '<port>', path: ['listen', 'port'], help: 'port of the gateway' },
  { flag: '--admin-host', value: '<address>', path: ['admin', 'host'], help: 'address of metrics and administration' },
  { flag: '--admin-port', value: '<port>', path: ['admin', 'port'], help: 'port of metrics and administration' },
  { flag: '--policy', value: '<policy>', path: ['policy'], help: 'how endpoints are ranked' },
  { flag: '--log-level', value: '<level>', path: ['log', 'level'], help: 'trace, debug, info, warn, error or fatal' },
  { flag: '--log-format', value: '<format>', path: ['log', 'format'], help: 'json, text or off' },
] as const

const flagsSchema = z.object({
  config: z.string().optional(),
  endpoint: z.array(z.string()).optional(),
  modelAlias: z.array(z.string()).optional(),
  set: z.array(z.string()).optional(),
  host: z.string().optional(),
  port: z.string().optional(),
  adminHost: z.string().optional(),
  adminPort: z.string().optional(),
  policy: z.string().optional(),
  logLevel: z.string().optional(),
  logFormat: z.string().optional(),
})

/** The configuration flags of a command line, as text. */
export type ConfigFlags = Readonly<z.output<typeof flagsSchema>>

/** Adds the flags that choose and change the configuration to a command. */
export function addConfigFlags(command: Command): Command {
  const collect = (value: string, earlier: readonly string[] = []) => [...earlier, value]
  command.option('-c, --config <file>', 'configuration file (YAML)')
  command.option('-e, --endpoint <url>', 'replica to route to; may be repeated', collect)
  for (const { flag, value, help } of SINGLE) command.option(`${flag} ${value}`, help)
  command.option('--model-alias <alias=model>', 'another name for a model; may be repeated', collect)
  return command.option('--set <path=value>', 'any key, e.g. limits.body=64MiB; may be repeated', collect)
}

/** The flags that `addConfigFlags` added, as they were given. */
export function configFlags(command: Command): ConfigFlags {
  return flagsSchema.parse(command.optsWithGlobals())
}

/** What the flags say, in the order in which it is to be applied; `--model-alias` is read by `readAliases`. */
export function readFlags(root: JsonSchema, flags: ConfigFlags) {
  const read: Assigned[] = []
  const given = new Map(Object.entries(flags))
  for (const { flag, path } of SINGLE) {
    const text = given.get(optionName(flag))
    if (typeof text === 'string') read.push(assign(root, path, text, { kind: 'flag', flag }))
  }
  if (flags.endpoint !== undefined) {
    const origin = { kind: 'flag', flag: '--endpoint' } as const
    read.push({ assignment: { path: ['endpoints'], value: flags.endpoint, origin } })
  }
  for (const text of flags.set ?? []) read.push(readSet(root, text))
  const assignments: Assignment[] = read.flatMap((one) => ('assignment' in one ? [one.assignment] : []))
  const problems: ConfigProblem[] = read.flatMap((one) => ('problem' in one ? [one.problem] : []))
  return { assignments, problems }
}

/**
 * The aliases of `--model-alias alias=model` as assignments to the pools of a configuration that everything else has
 * been applied to; a model without a pool gets one.
 *
 * @param pools The `pools` of that configuration, unchecked.
 */
export function readAliases(pools: unknown, flags: ConfigFlags) {
  const assignments: Assignment[] = []
  const problems: ConfigProblem[] = []
  const counts = aliasCounts(pools)
  for (const text of flags.modelAlias ?? []) {
    const [, alias, model] = /^([^=]+)=(.+)$/.exec(text) ?? []
    const origin = { kind: 'flag', flag: `--model-alias ${text}` } as const
    if (alias === undefined || model === undefined) {
      problems.push({ path: '', message: 'expected alias=model, such as gpt-4o=qwen3-32b', origin })
      continue
    }
    const pool = counts.find((one) => one.model === model) ?? { model, index: counts.length, aliases: 0 }
    const path: ConfigPath = ['pools', pool.index]
    if (!counts.includes(pool)) {
      counts.push(pool)
      assignments.push({ path: [...path, 'model'], value: model, origin })
    }
    assignments.push({ path: [...path, 'aliases', pool.aliases++], value: alias, origin })
  }
  return { assignments, problems }
}

/** Model and number of aliases of every pool; a pool that is not well-formed matches no model. */
function aliasCounts(pools: unknown) {
  const shape = z.looseObject({ model: z.string(), aliases: z.array(z.unknown()).default([]) })
  return z
    .array(z.unknown())
    .catch([])
    .parse(pools)
    .map((pool, index) => {
      const { success, data } = shape.safeParse(pool)
      return { index, model: success ? data.model : undefined, aliases: success ? data.aliases.length : 0 }
    })
}

function readSet(root: JsonSchema, text: string): Assigned {
  const [, written, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  const origin: Origin = { kind: 'flag', flag: `--set ${written ?? text}` }
  if (written === undefined || value === undefined) {
    return { problem: { path: '', message: 'expected path=value, such as limits.body=64MiB', origin } }
  }
  const path = parsePath(root, written, origin)
  return 'message' in path ? { problem: path } : assign(root, path, value, origin)
}

function optionName(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
