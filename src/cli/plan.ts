import { Command } from 'commander'
import type { CommanderError } from 'commander'
import { addLoadOptions } from './load-options.ts'
import { argumentsAfter, collect } from './simulate.ts'

const BAD_INPUT = 2

/** The command `kvasir plan`: how many endpoints a workload needs for its limits, policy by policy. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('Find out how many endpoints a workload needs to meet its targets, for each policy, in simulation')
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : BAD_INPUT))
  addLoadOptions(command)
  command
    .option('--slo <list>', 'targets in seconds, such as ttft-p95=2,tpot-p95=0.05')
    .option('--policies <list>', 'policies; round-robin is added, to compare with (default: marginal-cost)', collect)
    .option('--max-replicas <n>', 'most endpoints to try (default: 64)')
    .option('--profile <name>', 'model and GPU of the endpoints')
    .option('--kv-tokens <tokens>', 'size of the KV cache of each (default: the profile knows)')
    .option('--host-tokens <tokens>', 'host memory behind each KV cache, in tokens (default: 0)')
    .option('--speed <x>', 'divide recorded times and think times by this (default: 1)')
    .option('--view <view>', 'what routers know: exact, predicted, events:DELAY:LOSS, polled:INTERVAL')
    .option('--routers <n>', 'routers that share the load and do not know of each other (default: 1)')
    .option('--seeds <n>', 'run with each of the seeds 1 to n (default: 3)')
    .option('--json <file>', 'write the result as JSON; - for standard output')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--jobs <n>', 'worker threads (default: one per core)')
  return command.action(async (options: unknown) => {
    const { plan } = await import('./run-plan.ts')
    process.exitCode = await plan(options, argumentsAfter('plan', command.parent?.args ?? process.argv.slice(2)))
  })
}
