import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { eventually } from './eventually.ts'
import { type KvasirProcess, kvasirProcess, type ProcessOptions } from './kvasir-process.ts'

export interface RouterProcess extends KvasirProcess {
  /** Base URLs, as it printed them. */
  readonly gateway: string
  readonly admin: string
}

/** `kvasir start` as a process of its own; resolves when it has printed its addresses. */
export async function routerProcess(args: readonly string[], options?: ProcessOptions): Promise<RouterProcess> {
  const started = kvasirProcess(['start', ...args], options)
  const ended = started.exited.then((code) => {
    throw new Error(`the router ended with ${code}: ${started.stderr()}${started.stdout()}`)
  })
  const ready = eventually('the router is ready', () => /\nTry it:\n.+\n/.test(started.stdout()), 30)
  try {
    await Promise.race([ready, ended])
  } catch (error) {
    await started[Symbol.asyncDispose]()
    throw error
  }
  ended.catch(() => undefined)
  return { ...started, gateway: printed(started, 'gateway'), admin: printed(started, 'admin') }
}

/** Writes a configuration whose listeners take free ports on loopback. */
export function writeConfig(file: string, settings: object): void {
  const listeners = { listen: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } }
  writeFileSync(file, stringify({ ...listeners, health: { interval: '200ms' }, ...settings }))
}

function printed(started: KvasirProcess, name: string): string {
  const url = new RegExp(`^ +${name} +(http://\\S+)`, 'm').exec(started.stdout())?.[1]
  if (url === undefined) throw new Error(`no ${name} address in ${started.stdout()}`)
  return url
}
