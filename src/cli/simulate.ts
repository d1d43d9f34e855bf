import { Command } from 'commander'
import type { CommanderError } from 'commander'
import { addLoadOptions } from './load-options.ts'

const BAD_INPUT = 2

/** The command `kvasir simulate`: runs policies over simulated engines in virtual time and compares them. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('Compare policies over simulated engines in virtual time: every combination of what is given')
    .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : BAD_INPUT))
  addLoadOptions(command)
  addMatrixOptions(command)
  return command.action(async (options: unknown) => {
    const { simulate } = await import('./run-simulate.ts')
    process.exitCode = await simulate(
      options,
      argumentsAfter('simulate', command.parent?.args ?? process.argv.slice(2)),
    )
  })
}

function addMatrixOptions(command: Command): void {
  command
    .option('--policies <list>', 'policies, such as lmetric,mine=hit-bonus{penalty: 5}; may be repeated', collect)
    .option('--baseline <label>', 'the policy that others are compared to (default: the first)')
    .option('--profile <list>', 'model and GPU of the endpoints')
    .option('--replicas <list>', 'endpoints, such as 4,8,16 (default: 4)')
    .option('--kv-tokens <list>', 'size of the KV cache of each, such as 300k,1M (default: the profile knows)')
    .option('--host-tokens <list>', 'host memory behind each KV cache, in tokens (default: 0)')
    .option('--speed <list>', 'divide recorded times and think times by this (default: 1)')
    .option(
      '--view <list>',
      'what routers know: exact, predicted, events:DELAY:LOSS, polled:INTERVAL (default: predicted)',
    )
    .option('--routers <list>', 'routers that share the load and do not know of each other (default: 1)')
    .option('--fleet <file>', 'unequal endpoints, with outages, joins and leaves (YAML), instead of --replicas')
    .option('--seeds <n>', 'run with each of the seeds 1 to n (default: 5)')
    .option('--slo <list>', 'limits of TTFT and TPOT in seconds (default: 2:0.025,5:0.1)')
    .option('--json <file>', 'write the result as JSON; - for standard output')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--html <file>', 'write the report with charts as one HTML page')
    .option('--jobs <n>', 'worker threads (default: one per core)')
}

/** What was given after the command's name, whoever the parent is. */
export function argumentsAfter(name: string, args: readonly string[]): string[] {
  return args.slice(args.indexOf(name) + 1)
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}
