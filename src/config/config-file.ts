import { existsSync } from 'node:fs'
import { CONFIG_VARIABLE, type Environment } from './environment.ts'
import type { ConfigFlags } from './flags.ts'

const DEFAULT_FILES = ['kvasir.yaml', 'kvasir.yml']

/**
 * The configuration file to use: `--config`, else `KVASIR_CONFIG`, else `kvasir.yaml` in the working directory if there
 * is one; undefined when there is none.
 */
export function configFile(
  flags: Pick<ConfigFlags, 'config'>,
  env: Environment,
  exists: (path: string) => boolean = existsSync,
): string | undefined {
  return flags.config ?? (env[CONFIG_VARIABLE] || DEFAULT_FILES.find(exists))
}
