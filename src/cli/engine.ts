import { Command } from 'commander'
import { startEngineServer } from '../engine-server/start-engine-server.ts'
import { engineFlagOptions } from './engine-flag-options.ts'
import type { EngineFlags } from './engine-flags.ts'
import { withEngineFlags } from './engine-flags.ts'

/** `kvasir engine`: a simulated engine behind the HTTP interface of vLLM, or another engine's. */
export function engineCommand(): Command {
  const command = new Command('engine').description(
    'Runs a simulated engine: the timing and the prefix cache of a GPU behind the interface of an engine.',
  )
  return withEngineFlags(command)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action((flags: EngineFlags) => run(flags))
}

async function run(flags: EngineFlags): Promise<void> {
  const engine = await startEngineServer(engineFlagOptions(flags)).catch((error: Error) => {
    process.stderr.write(`error: ${error.message}\n`)
    process.exit(1)
  })
  process.stdout.write(`engine ready on ${engine.url}\n`)
  for (const { data_parallel_rank: rank, endpoint, replay_endpoint: replay } of engine.kvEventSources) {
    process.stdout.write(`KV events of rank ${rank} at ${endpoint}${replay === null ? '' : `, replay at ${replay}`}\n`)
  }
  const stop = (): void => {
    void engine.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // A parent that started the engine with a channel takes it along when it goes.
  if (process.channel !== undefined) process.once('disconnect', stop)
}
