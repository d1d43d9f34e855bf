import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { eventually } from './eventually.ts'

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts')
const logLine = z.looseObject({ msg: z.string() })

export type LogLine = z.output<typeof logLine>

export interface ProcessOptions {
  /** The whole environment beside PATH and the cache of compiled code. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface KvasirProcess extends AsyncDisposable {
  readonly pid: number
  /** Everything printed so far. */
  stdout(): string
  stderr(): string
  /** The lines of the JSON log. */
  log(): LogLine[]
  /** Resolves with the first line of the log with this message, or rejects after 20 s. */
  logged(message: RegExp): Promise<LogLine>
  kill(signal: NodeJS.Signals): void
  /** Exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>
}

/** The command line program as a process of its own; killed when disposed. */
export function kvasirProcess(
  args: readonly string[],
  { env = {}, cwd = tmpdir() }: ProcessOptions = {},
): KvasirProcess {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { PATH, NODE_COMPILE_CACHE, ...env } })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.end()
  const exited = new Promise<number | string>((done) =>
    child.once('close', (code, signal) => done(code ?? signal ?? -1)),
  )
  const log = (): LogLine[] => out.split('\n').flatMap(parseLogLine)
  return {
    pid: child.pid ?? -1,
    stdout: () => out,
    stderr: () => err,
    log,
    logged: (message) => eventually(`log line ${message}`, () => log().find(({ msg }) => message.test(msg))),
    kill: (signal) => void child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** What `kvasir` did with these arguments, once it has ended. */
export async function runKvasir(args: readonly string[], options?: ProcessOptions) {
  const run = kvasirProcess(args, options)
  const code = await run.exited
  return { code, stdout: run.stdout(), stderr: run.stderr() }
}

function parseLogLine(line: string): LogLine[] {
  if (!line.startsWith('{"level"') || !line.endsWith('}')) return []
  return [logLine.parse(JSON.parse(line))]
}
