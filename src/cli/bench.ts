import { Command } from 'commander'
import type { CommanderError } from 'commander'
import type { BenchOutputs } from '../bench/present-bench.ts'
import { addGeneratorOptions } from './generator-options.ts'

const BAD_INPUT = 2

/** The command `kvasir bench`: sends load to a gateway or engine and reports what a client sees. */
export function benchCommand(): Command {
  const bench = new Command('bench')
    .description('Send load to a gateway or engine over real connections and report what a client sees')
    .argument('<url>', 'address of a gateway or engine, such as http://127.0.0.1:8080')
    .enablePositionalOptions()
    .exitOverride(exitOnUsage)
  addLoadOptions(bench)
  addGeneratorOptions(bench)
  addRunOptions(bench)
  bench.action(async (url: string, options: BenchOutputs) => {
    const { runAndReport } = await import('../bench/present-bench.ts')
    process.exitCode = await runAndReport(url, options, benchArguments(bench.parent?.args ?? process.argv.slice(2)))
  })
  bench.addCommand(reportCommand())
  return bench
}

function addLoadOptions(bench: Command) {
  bench
    .option('--trace <path>', 'replay a trace: a Mooncake or Bailian file, a coding-agent session, or a folder of them')
    .option('--trace-block-tokens <n>', "tokens of a block of a trace file, where it is not the publisher's usual")
    .option(
      '--workload <kind>',
      'generate a workload: chat, tools, rag, single, groups, hot, bursts, agents or branches (default: chat)',
    )
    .option('--model <name>', 'model to ask for (default: the first that the address lists)')
    .option('--route <api>', 'chat or completions (default: chat)')
    .option('--loop <pacing>', 'open, sessions or closed (default: what fits the workload)')
    .option('--concurrency <n>', 'closed loop with this many sessions at once')
    .option('--speed <x>', 'divide recorded times and think times by this (default: 1)')
    .option('--time-scale <x>', 'engine seconds per wall second, for simulated engines (default: 1)')
    .option('--jitter <s>', 'spread the starts of sessions over this many seconds (default: 3 for Mooncake, else 0)')
    .option('--requests <n>', 'send at most this many requests per seed')
    .option('--max-prompt <n>', 'leave out prompts of more tokens, and what follows them in their session')
    .option('--output-cap <n>', 'generate at most this many tokens per answer')
}

function addRunOptions(bench: Command) {
  bench
    .option('--warmup <n>', 'requests, or a share such as 10%, to send before measuring (default: 0)')
    .option('--seeds <n>', 'run once with each of the seeds 1 to n (default: 1)')
    .option('--seed <n>', 'run with this seed; may be repeated', collect)
    .option('--shared-text', 'use the same texts with every seed, so that later seeds meet warm caches')
    .option('--salt <text>', 'use other texts than earlier runs, to meet cold caches on engines that still run')
    .option('--ignore-eos', 'ask engines to generate the full length')
    .option(
      '--slo <ttft:tpot>',
      'count answers within these seconds; may be repeated (default: 2:0.025 and 5:0.1)',
      collect,
    )
    .option('--timeout <s>', 'wall seconds after which a request has failed (default: 600)')
    .option('--api-key <key>', 'send as bearer token; left out of reports')
    .option('--header <line>', "send a header 'name: value'; may be repeated; left out of reports", collect)
    .option('--session-header <name>', 'send the id of the session in this header')
    .option('--label <name>', 'name of this run in reports (default: the address)')
    .option('--json <file>', 'write the result as JSON; - for standard output')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--compare <files...>', 'compare with results of earlier runs, the first of which is the base')
}

function reportCommand(): Command {
  return new Command('report')
    .description('Put result files in one table, each compared with the first')
    .argument('<files...>', 'files written by kvasir bench --json')
    .exitOverride(exitOnUsage)
    .option('--markdown <file>', 'write the table as Markdown')
    .action(async (files: string[], _options: BenchOutputs, command: Command) => {
      // Depending on how the program parses, the option of the same name of `bench` may have taken the value.
      const { markdown } = command.optsWithGlobals<BenchOutputs>()
      const { reportFiles } = await import('../bench/present-bench.ts')
      process.exitCode = await reportFiles(files, markdown)
    })
}

/** Options and arguments that the command does not know are bad input too. */
function exitOnUsage(error: CommanderError): never {
  process.exit(error.exitCode === 0 ? 0 : BAD_INPUT)
}

/** What was given after `bench`, whoever the parent is. */
function benchArguments(args: readonly string[]): string[] {
  const start = args.indexOf('bench')
  return args.slice(start + 1)
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}
