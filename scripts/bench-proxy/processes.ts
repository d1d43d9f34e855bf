import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** A running part of the bench. */
export interface Part {
  readonly url: string
  readonly pid: number
  /** Ends the process and waits until it has ended. */
  stop(): Promise<void>
}

const portMessage = z.object({ port: z.number() })
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Seconds within which Kvasir has to be ready. */
const START = 20

/** How the Kvasir of the bench is started: as it comes, except that connections are kept for the whole run. */
export const KVASIR_FLAGS = [
  '--host',
  '127.0.0.1',
  '--port',
  '0',
  '--admin-port',
  '0',
  '--set',
  'timeouts.keepAlive=60s',
]

/** Starts the upstream; it listens on a free port. */
export function startUpstream(): Promise<Part> {
  return startForked('upstream.ts', [], [])
}

/** Starts the bare relay in front of `endpoint`; with `profileInto` it leaves a CPU profile in that folder. */
export function startBareRelay(endpoint: string, profileInto: string | undefined): Promise<Part> {
  return startForked('bare-relay.ts', [endpoint], profiling('bare', profileInto))
}

/**
 * Starts Kvasir in front of `endpoint`. Its log goes to a file, as at most operators' sites: the line of each request is
 * part of what is measured.
 */
export async function startKvasir(endpoint: string, profileInto: string | undefined): Promise<Part> {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-bench-'))
  const output = join(folder, 'output')
  const file = openSync(output, 'a')
  const main = [
    ...profiling('kvasir', profileInto),
    'src/cli/main.ts',
    'start',
    '--endpoint',
    endpoint,
    ...KVASIR_FLAGS,
  ]
  const child = spawn(process.execPath, main, { cwd: root, env: ownEnvironment(), stdio: ['ignore', file, file] })
  closeSync(file)
  const stop = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const url = await announcedUrl(child, output)
    return { url, pid: child.pid ?? 0, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startForked(file: string, args: readonly string[], execArgv: readonly string[]): Promise<Part> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = fork(path, args, { execArgv: [...execArgv], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const found: unknown[] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with exit code ${code}`))),
  ])
  const { port } = portMessage.parse(found[0])
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      // The process ends itself, so that it can write its profile.
      if (child.connected) child.disconnect()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

/** The URL in Kvasir's greeting, once an endpoint is ready. */
async function announcedUrl(child: ChildProcess, output: string): Promise<string> {
  const until = performance.now() + START * 1000
  for (;;) {
    const text = readFileSync(output, 'utf8')
    const [, url] = /^ *gateway +(http\S+)$/m.exec(text) ?? []
    if (url !== undefined && /1 of 1 ready/.test(text)) return url
    if (child.exitCode !== null || performance.now() > until) {
      const what = child.exitCode === null ? `not ready after ${START} s` : `ended with exit code ${child.exitCode}`
      throw new Error(`Kvasir: ${what}; it said:\n${text}`)
    }
    await pause(50)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await Promise.race([once(child, 'exit'), pause(10_000, undefined, { ref: false })])
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
}

function profiling(name: string, folder: string | undefined): string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`]
}

/** The environment without what would configure Kvasir. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KVASIR_')))
}
