import { writeFile } from 'node:fs/promises'
import { InputError } from '../report/input-error.ts'
import { compareAll, comparisonMarkdown, comparisonText } from './comparison-report.ts'
import { parseBenchOptions, withoutSecrets } from './parse-options.ts'
import { createProgress } from './progress.ts'
import { readResult } from './read-result.ts'
import { reportMarkdown, reportText } from './report.ts'
import type { BenchResult } from './result-schema.ts'
import { runBench } from './run-bench.ts'

/** Where results go to, besides standard output. */
export interface BenchOutputs {
  readonly json?: string
  readonly markdown?: string
  /** Results of earlier runs, the first of which is the base. */
  readonly compare?: string[]
}

const SUCCESS = 0
const NOTHING_ANSWERED = 1
const BAD_INPUT = 2
const INTERRUPTED = 130

/**
 * Runs `kvasir bench` and shows the result; Ctrl-C ends the run and shows what was measured until then.
 * @param options the command's options by name, as strings
 * @param args the arguments to show in reports
 * @returns the exit code: 0, 1 when nothing was answered, 2 for bad input, 130 after Ctrl-C
 */
export function runAndReport(url: string, options: BenchOutputs, args: readonly string[]): Promise<number> {
  return guarded(async () => {
    const settings = parseBenchOptions(url, options, withoutSecrets(args))
    const earlier = await Promise.all((options.compare ?? []).map(readResult))
    const stop = new AbortController()
    const interrupt = () => stop.abort()
    process.once('SIGINT', interrupt)
    const progress = createProgress(process.stderr, () => performance.now())
    try {
      const result = await runBench(settings, { signal: stop.signal, onProgress: (state) => progress.update(state) })
      progress.end()
      await writeOutputs(result, options)
      if (earlier.length > 0) await showResults([...earlier, result], options.json === '-', undefined)
      if (stop.signal.aborted) return INTERRUPTED
      return result.summary.requests.ok === 0 ? NOTHING_ANSWERED : SUCCESS
    } finally {
      progress.end()
      process.off('SIGINT', interrupt)
    }
  })
}

/** Runs `kvasir bench report`: one result is shown on its own, several in a comparison. Returns the exit code. */
export function reportFiles(files: readonly string[], markdown: string | undefined): Promise<number> {
  return guarded(async () => {
    await showResults(await Promise.all(files.map(readResult)), false, markdown)
    return SUCCESS
  })
}

async function writeOutputs(result: BenchResult, options: BenchOutputs) {
  const toStdout = options.json === '-'
  show(reportText(result), toStdout)
  const json = `${JSON.stringify(result)}\n`
  if (toStdout) process.stdout.write(json)
  else if (options.json !== undefined) await writeText(options.json, json)
  if (options.markdown !== undefined) await writeText(options.markdown, reportMarkdown(result))
}

async function showResults(results: readonly BenchResult[], toStderr: boolean, markdown: string | undefined) {
  const [base, ...others] = results
  if (base === undefined) throw new InputError('report: expected at least one result file, found none')
  const comparison = others.length === 0 ? undefined : compareAll(base, others)
  show(comparison === undefined ? reportText(base) : comparisonText(comparison), toStderr)
  if (markdown !== undefined) {
    await writeText(markdown, comparison === undefined ? reportMarkdown(base) : comparisonMarkdown(comparison))
  }
}

/** Tables make way on standard output for JSON. */
function show(text: string, toStderr: boolean) {
  const stream = toStderr ? process.stderr : process.stdout
  stream.write(text)
}

async function writeText(path: string, text: string) {
  await writeFile(path, text).catch((error: unknown) => {
    throw new InputError(`${path}: cannot write it: ${error instanceof Error ? error.message : String(error)}`)
  })
}

/** Bad input ends with a message and its exit code, everything else as the error it is. */
async function guarded(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    process.stderr.write(`kvasir bench: ${error.message}\n`)
    return BAD_INPUT
  }
}
