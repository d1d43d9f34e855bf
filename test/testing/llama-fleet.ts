import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const FOLDER = resolve(import.meta.dirname, '../../../shared/engines/llama-server')
const MODEL_FILE = resolve(FOLDER, 'tiny.gguf')

/** The path of a real llama.cpp server, or why there is none on this machine. */
export function findLlamaServer(): { readonly program: string } | { readonly missing: string } {
  const install = resolve(FOLDER, 'install')
  if (!existsSync(install) || !existsSync(MODEL_FILE)) return { missing: `${install} does not exist` }
  try {
    const printed = execFileSync(install, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })
    return { program: printed.trim().split('\n').at(-1) ?? '' }
  } catch (error) {
    return { missing: `${install} failed: ${error instanceof Error ? error.message : String(error)}` }
  }
}

export interface LlamaFleet extends AsyncDisposable {
  readonly urls: readonly string[]
}

/** `count` real llama.cpp servers with a tiny model: four slots of 4,096 tokens each. Resolves when all are healthy. */
export async function llamaFleet(program: string, count: number): Promise<LlamaFleet> {
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const children = ports.map((port) => start(program, port))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  await Promise.all(urls.map(healthy))
  return {
    urls,
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map(stop))
    },
  }
}

function start(program: string, port: number): ChildProcess {
  const args = [
    '-m',
    MODEL_FILE,
    '--port',
    String(port),
    '-np',
    '4',
    '-c',
    '16384',
    '--alias',
    'tiny',
    '--metrics',
    '--slots',
    '-t',
    '1',
  ]
  return spawn(program, args, { stdio: 'ignore' })
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

async function healthy(url: string): Promise<void> {
  const until = performance.now() + 30_000
  while (performance.now() < until) {
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok === true) return
    await sleep(50)
  }
  throw new Error(`the llama.cpp server at ${url} did not become healthy within 30 s`)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
