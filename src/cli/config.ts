import { Command } from 'commander'
import { configFile } from '../config/config-file.ts'
import { addConfigFlags, configFlags } from '../config/flags.ts'
import { formatProblems } from '../config/format-problems.ts'
import { configJsonSchema } from '../config/json-schema.ts'
import { type ConfigResult, loadConfig } from '../config/load-config.ts'
import { pluginPaths } from '../config/plugin-paths.ts'
import { printConfig } from '../config/print-config.ts'
import type { ConfigProblem } from '../config/problem.ts'

/** Exit status of a configuration that cannot be used. */
const UNUSABLE = 2

/** `kvasir config check | print | schema`: looks at a configuration without starting anything. */
export function configCommand(): Command {
  const command = new Command('config').description('check, print or describe the configuration')
  addConfigFlags(command.command('check').argument('[file]', 'configuration file'))
    .description('say whether the configuration can be used, with all problems at once')
    .action(async (file: string | undefined, _options: unknown, self: Command) => {
      report(await load(file, self), ({ config }) => {
        const counts = `${count(config.endpoints.length, 'endpoint')}, ${count(config.pools.length, 'pool')}`
        return `config ok: ${counts}\n`
      })
    })
  addConfigFlags(command.command('print').argument('[file]', 'configuration file'))
    .description('print the complete configuration as YAML, without secrets')
    .action(async (file: string | undefined, _options: unknown, self: Command) => {
      report(await load(file, self, true), ({ config, sources }) => printConfig(config, sources))
    })
  command
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(async () => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(await known([])), null, 2)}\n`)
    })
  return command
}

async function load(argument: string | undefined, command: Command, endpointsOptional = false): Promise<ConfigResult> {
  const flags = configFlags(command)
  const { env } = process
  const file = argument ?? configFile(flags, env)
  const request = { ...(file === undefined ? {} : { file }), env, flags, endpointsOptional }
  const { policies, profiles, fault } = await known(pluginPaths(request))
  const result = loadConfig({ ...request, profiles, knownPolicies: policies })
  if (fault === undefined) return result
  const problem: ConfigProblem = { path: 'plugins', message: fault, origin: { kind: 'none' } }
  return { ok: false, problems: [problem, ...(result.ok ? [] : result.problems)] }
}

/** The policies and profiles there are; loaded only by commands that need them. Without the user's if one is faulty. */
async function known(pluginFiles: readonly string[]) {
  const { loadPlugins, OWN_PLUGINS } = await import('../app/load-plugins.ts')
  const { PROFILE_NAMES: profiles } = await import('../engine/profiles.ts')
  try {
    return { policies: (await loadPlugins(pluginFiles)).policies, profiles, fault: undefined }
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error)
    return { policies: OWN_PLUGINS.policies, profiles, fault }
  }
}

function report(result: ConfigResult, show: (usable: Extract<ConfigResult, { ok: true }>) => string): void {
  if (result.ok) {
    process.stdout.write(show(result))
    return
  }
  process.stderr.write(`${formatProblems(result.problems)}\n`)
  process.exitCode = UNUSABLE
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
