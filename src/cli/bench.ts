import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { CommanderError } from 'commander'
import { BenchInputError } from '../bench/bench-input-error.ts'
import { compareAll, comparisonMarkdown, comparisonText } from '../bench/comparison-report.ts'
import { parseBenchOptions, withoutSecrets } from '../bench/parse-options.ts'
import { createProgress } from '../bench/progress.ts'
import { readResult } from '../bench/read-result.ts'
import { reportMarkdown, reportText } from '../bench/report.ts'
import type { BenchResult } from '../bench/result-schema.ts'
import { runBench } from '../bench/run-bench.ts'

const BAD_INPUT = 2
const INTERRUPTED = 130

interface OutputOptions {
  readonly json?: string
  readonly markdown?: string
  readonly compare?: string[]
}

interface ReportOptions {
  readonly markdown?: string
}

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
  bench.action((url: string, options: OutputOptions) => guarded(() => runAndReport(url, options, bench.parent)))
  bench.addCommand(reportCommand())
  return bench
}

function addLoadOptions(bench: Command) {
  bench
    .option('--trace <path>', 'replay a trace: a Mooncake or Bailian file, a coding-agent session, or a folder of them')
    .option('--trace-block-tokens <n>', "tokens of a block of a trace file, where it is not the publisher's usual")
    .option('--workload <kind>', 'generate a workload: chat, tools, rag or single (default: chat)')
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

function addGeneratorOptions(bench: Command) {
  bench
    .option('--sessions <n>', 'conversations to generate, or to take from a trace')
    .option('--turns <n>', 'requests per conversation')
    .option('--system-len <n>', 'characters of the shared system prompt')
    .option('--user-len <n>', 'characters of what a user writes, on average')
    .option('--code-context-len <n>', 'characters of code pasted into the first message of some conversations')
    .option('--code-share <x>', 'share of conversations with pasted code')
    .option('--tool-prob <x>', 'chance that a turn brings the result of a tool')
    .option('--tool-len <n>', "characters of a tool's result, on average")
    .option('--documents <n>', 'documents that rag questions are about')
    .option('--doc-len <n>', 'characters of a document')
    .option('--prompt-len <n>', 'characters of a single prompt, on average')
    .option('--start-jitter-ms <n>', 'conversations open within this time')
    .option('--turn-gap-ms <n>', 'time between an answer and the next turn')
    .option('--max-tokens <n>', 'tokens to generate per answer')
}

function addRunOptions(bench: Command) {
  bench
    .option('--warmup <n>', 'requests, or a share such as 10%, to send before measuring (default: 0)')
    .option('--seeds <n>', 'run once with each of the seeds 1 to n (default: 1)')
    .option('--seed <n>', 'run with this seed; may be repeated', collect)
    .option('--shared-text', 'use the same texts with every seed, so that later seeds meet warm caches')
    .option('--salt <text>', 'use other texts than earlier runs, to meet cold caches on engines that still run')
    .option('--ignore-eos', 'ask engines to generate the full length')
    .option('--slo <ttft:tpot>', 'count answers within these seconds; may be repeated (default: 2:0.025 and 5:0.1)', collect)
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
    .action((files: string[], _options: ReportOptions, command: Command) =>
      guarded(async () => {
        // Depending on the program's parsing, the option of the same name of `bench` may have taken the value.
        const { markdown } = command.optsWithGlobals<ReportOptions>()
        await report(await Promise.all(files.map(readResult)), markdown)
      }),
    )
}

async function runAndReport(url: string, options: OutputOptions, parent: Command | null) {
  const args = benchArguments(parent?.args ?? process.argv.slice(2))
  const settings = parseBenchOptions(url, options, withoutSecrets(args))
  const earlier = await Promise.all((options.compare ?? []).map(readResult))
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  const progress = createProgress(process.stderr, () => performance.now())
  try {
    const result = await runBench(settings, { signal: stop.signal, onProgress: (snapshot) => progress.update(snapshot) })
    progress.end()
    await writeOutputs(result, options)
    if (earlier.length > 0) await report([...earlier, result], undefined)
    if (stop.signal.aborted) process.exitCode = INTERRUPTED
    else if (result.summary.requests.ok === 0) process.exitCode = 1
  } finally {
    progress.end()
    process.off('SIGINT', interrupt)
  }
}

async function writeOutputs(result: BenchResult, options: OutputOptions) {
  const toStdout = options.json === '-'
  const tables = reportText(result)
  if (toStdout) {
    process.stderr.write(tables)
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } else process.stdout.write(tables)
  if (options.json !== undefined && !toStdout) await writeText(options.json, `${JSON.stringify(result)}\n`)
  if (options.markdown !== undefined) await writeText(options.markdown, reportMarkdown(result))
}

/** One result is reported on its own, several as a comparison. */
async function report(results: readonly BenchResult[], markdown: string | undefined) {
  const [base, ...others] = results
  if (base === undefined) throw new BenchInputError('report: expected at least one result file, found none')
  const single = others.length === 0
  const comparison = single ? undefined : compareAll(base, others)
  process.stdout.write(comparison === undefined ? reportText(base) : comparisonText(comparison))
  if (markdown !== undefined) {
    await writeText(markdown, comparison === undefined ? reportMarkdown(base) : comparisonMarkdown(comparison))
  }
}

async function writeText(path: string, text: string) {
  await writeFile(path, text).catch((error: unknown) => {
    throw new BenchInputError(`${path}: cannot write it: ${error instanceof Error ? error.message : String(error)}`)
  })
}

/** Bad input ends with a message and exit code 2, everything else as the error it is. */
async function guarded(work: () => Promise<void>) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BenchInputError)) throw error
    process.stderr.write(`kvasir bench: ${error.message}\n`)
    process.exitCode = BAD_INPUT
  }
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
