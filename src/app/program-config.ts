import type { Config } from '../config/config.ts'
import { configFile } from '../config/config-file.ts'
import type { ConfigFlags } from '../config/flags.ts'
import { formatProblems } from '../config/format-problems.ts'
import { loadConfig } from '../config/load-config.ts'
import { pluginPaths } from '../config/plugin-paths.ts'
import { PROFILE_NAMES } from '../engine/profiles.ts'
import { loadPlugins, type PluginLists } from './load-plugins.ts'

/** Where a program's configuration comes from, and the plugins it may name. */
export interface ProgramConfig {
  /** The file in use, if there is one. */
  readonly file: string | undefined
  readonly plugins: PluginLists
  /**
   * Reads the configuration as it is now.
   *
   * @throws {Error} With all problems at once.
   */
  read(): Config
}

/** Finds the configuration file and loads the plugins it names; they stay loaded for the program's life. */
export async function programConfig(flags: ConfigFlags): Promise<ProgramConfig> {
  const { env } = process
  const file = configFile(flags, env)
  const request = { ...(file === undefined ? {} : { file }), env, flags, endpointsOptional: true }
  const plugins = await loadPlugins(pluginPaths(request))
  return {
    file,
    plugins,
    read() {
      const result = loadConfig({ ...request, knownPolicies: plugins.policies, profiles: PROFILE_NAMES })
      if (result.ok) return result.config
      throw new Error(`the configuration cannot be used:\n${formatProblems(result.problems)}`)
    },
  }
}
