import { Command } from 'commander'
import type { DoctorFlags } from './doctor-flags.ts'

const BAD_INPUT = 2
/** Longest line of the report: further ones are hard to read. */
const WIDTH = 110

/** `kvasir doctor URL...`: looks at running engines and says what to change so that they can be routed to well. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Check running engines: what they are, whether their cache, metrics, KV events and streams serve a router, and ' +
        'which flags to change. Sends each some twenty small requests; exit code 1 when something is to be repaired.',
    )
    .argument('<url...>', 'engines, such as http://10.0.0.7:8000')
    .option('--model <name>', 'model to ask for (default: the first that an engine lists)')
    .option('--read-only', 'send nothing that generates: leaves out answers, streams, prefix cache and fresh KV events')
    .option(
      '--kv-events <address>',
      'where engines publish KV events: repeated once for each URL, or tcp://*:5557 for the host of each; pull fetches ' +
        'those of TensorRT-LLM, which a router then misses',
      collect,
    )
    .option('--kv-events-replay <address>', 'where they answer requests for missed events, likewise', collect)
    .option('--tokenizer <path>', "folder with the model's tokenizer.json, or its .gguf file: compare tokens")
    .option('--api-key <key>', 'send as bearer token')
    .option('--header <line>', "send a header 'name: value'; may be repeated", collect)
    .option('--timeout <s>', 'longest wait for an answer (default: 10)')
    .option('--idle <s>', 'watch for so long whether an idle connection is kept, 0 not at all (default: 6)')
    .option('--json', 'print the result as JSON')
    .action(run)
}

async function run(urls: string[], flags: DoctorFlags): Promise<void> {
  const { readDoctorFlags } = await import('./doctor-flags.ts')
  const { runDoctor } = await import('../doctor/run-doctor.ts')
  const { printReport } = await import('../doctor/print-report.ts')
  const { reportJson } = await import('../doctor/report-json.ts')
  const { VERSION } = await import('./version.ts')
  try {
    const { targets, options } = readDoctorFlags(urls, flags)
    const { stdout, stderr, env } = process
    if (stderr.isTTY)
      stderr.write(`looking at ${targets.length === 1 ? targets[0]?.url : `${targets.length} endpoints`} ...`)
    const report = await runDoctor(targets, options)
    if (stderr.isTTY) stderr.write('\r\u001b[2K')
    const colours = stdout.isTTY && (env['NO_COLOR'] ?? '') === ''
    // Some terminals do not know how wide they are.
    const width = Math.min((stdout.isTTY && stdout.columns) || WIDTH, WIDTH)
    stdout.write(
      flags.json === true
        ? `${JSON.stringify(reportJson(report, VERSION), null, 2)}\n`
        : printReport(report, { colours, width }),
    )
    process.exitCode = report.counts.problem > 0 ? 1 : 0
  } catch (error) {
    process.stderr.write(`kvasir: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = BAD_INPUT
  }
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}
