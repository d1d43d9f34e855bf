import { stringify } from 'yaml'
import { OWN_PLUGINS } from '../../src/app/load-plugins.ts'
import { Router } from '../../src/app/router.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { Config } from '../../src/config/config.ts'
import { formatProblems } from '../../src/config/format-problems.ts'
import { programLogTo } from '../../src/observe/program-log.ts'
import { PROFILE_NAMES } from '../../src/engine/profiles.ts'

/** A configuration as it would stand in a file; listeners take free ports on loopback. */
export function configOf(settings: object): Config {
  const listeners = { listen: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } }
  const text = stringify({ ...listeners, health: { interval: '200ms', timeout: '1s' }, ...settings })
  const result = loadConfig({
    text,
    env: {},
    flags: {},
    knownPolicies: OWN_PLUGINS.policies,
    profiles: new Set(PROFILE_NAMES),
    endpointsOptional: true,
  })
  if (result.ok) return result.config
  throw new Error(formatProblems(result.problems))
}

export interface RunningRouter extends AsyncDisposable {
  readonly router: Router
  /** Base URLs. */
  readonly gateway: string
  readonly admin: string
  /** Lines the router has logged, parsed. */
  readonly log: readonly Record<string, unknown>[]
}

/** A router on free ports, with real sockets, in this process; resolves when its endpoints are ready (or after `settle` s). */
export async function runRouter(settings: object, settle = 2): Promise<RunningRouter> {
  const log: Record<string, unknown>[] = []
  const lines = programLogTo({ write: (line) => void log.push(JSON.parse(line)) }, 'info')
  const router = new Router({ config: configOf(settings), plugins: OWN_PLUGINS, log: lines, extraEndpoints: [] })
  const addresses = await router.start()
  await router.settled(settle)
  return { router, ...addresses, log, [Symbol.asyncDispose]: () => router.stop() }
}
