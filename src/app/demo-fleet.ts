import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface DemoFleetOptions {
  /** Number of simulated engines. */
  readonly engines: number
  readonly profile: string
  /** Time scale: 10 makes the engines ten times as fast. */
  readonly speed: number
  /** KV tokens of each engine; the profile's when undefined. */
  readonly kvTokens: number | undefined
}

export interface DemoEngine {
  readonly id: string
  readonly url: string
}

const READY = /^engine ready on (http:\S+)$/
/** Seconds an engine may take to say that it is ready. */
const START_WITHIN = 20

/** Four (or as many as asked) simulated engines, each a process of its own, that live as long as this object. */
export class DemoFleet {
  readonly engines: readonly DemoEngine[]
  readonly #children: readonly ChildProcess[]

  private constructor(engines: readonly DemoEngine[], children: readonly ChildProcess[]) {
    this.engines = engines
    this.#children = children
  }

  /** Starts the engines side by side; rejects when one does not come up, and stops the others then. */
  static async start(options: DemoFleetOptions, onExit: (id: string) => void): Promise<DemoFleet> {
    const ids = Array.from({ length: options.engines }, (_, i) => `engine-${i + 1}`)
    const children = ids.map(() => spawnEngine(options))
    try {
      const urls = await Promise.all(children.map(readyUrl))
      const fleet = new DemoFleet(
        ids.map((id, i) => ({ id, url: urls[i] ?? '' })),
        children,
      )
      for (const [i, child] of children.entries()) child.once('exit', () => onExit(ids[i] ?? ''))
      return fleet
    } catch (error) {
      for (const child of children) child.kill()
      throw error
    }
  }

  stop(): void {
    for (const child of this.#children) {
      child.removeAllListeners('exit')
      child.kill()
    }
  }
}

function spawnEngine(options: DemoFleetOptions): ChildProcess {
  const main = fileURLToPath(new URL(`../cli/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
  const args = ['engine', '--port', '0', '--profile', options.profile, '--speed', String(options.speed)]
  if (options.kvTokens !== undefined) args.push('--kv-tokens', String(options.kvTokens))
  // The channel tells the engine when this process is gone, however it went.
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`a simulated engine did not start within ${START_WITHIN} s`)),
      START_WITHIN * 1000,
    )
    child.once('exit', (code) => reject(new Error(`a simulated engine stopped with exit code ${code}`)))
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = READY.exec(line)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    })
  })
}
