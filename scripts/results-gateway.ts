import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Writes docs/results/gateway.md: the conversation trace through the fleet that `npm start` brings, once per policy, each
 * arm with fresh engines and a fresh router, then the bench's comparison.
 */
const TRACE = '../shared/traces/mooncake/conversation_trace.jsonl'
const POLICIES = ['marginal-cost', 'round-robin', 'least-loaded', 'prefix-aware']
const MAIN = 'src/cli/main.ts'
const START = (policy: string): string[] => [
  'start',
  '--policy',
  policy,
  '--engine-speed',
  '8',
  '--engine-kv-tokens',
  '1M',
  '--log-format',
  'off',
]
const BENCH = ['--time-scale', '8', '--speed', '0.6', '--requests', '1500', '--warmup', '10%', '--seeds', '3']
const PORTS = ['--port', '8180', '--admin-port', '9190']

function run(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [MAIN, ...args], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`kvasir ${args.join(' ')} ended with ${status}`)
}

function startFleet(policy: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, ...START(policy), ...PORTS], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => {
      if (text.includes('Try it')) resolve(child)
    })
    child.once('exit', (code) => reject(new Error(`the router ended with ${code}`)))
  })
}

function stop(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit')
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

const folder = mkdtempSync(join(tmpdir(), 'kvasir-results-'))
const files: string[] = []
for (const policy of POLICIES) {
  const fleet = await startFleet(policy)
  const json = join(folder, `${policy}.json`)
  run(['bench', 'http://127.0.0.1:8180', '--trace', TRACE, ...BENCH, '--label', policy, '--json', json])
  files.push(json)
  await stop(fleet)
}
run(['bench', 'report', ...files, '--markdown', 'docs/results/gateway.md'])
