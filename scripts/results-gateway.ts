import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Writes docs/results/gateway.md: the conversation trace through the fleet that `npm start` brings, once per policy, each
 * arm with fresh engines and a fresh router, then the bench's comparison. With the folder of an earlier run as argument,
 * only the page is written again.
 */
const PAGE = 'docs/results/gateway.md'
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

/** What a reader needs to run it again, in front of the bench's own report. */
function writePage(files: readonly string[]): void {
  run(['bench', 'report', ...files, '--markdown', PAGE])
  const head = [
    '# The gateway on the conversation trace',
    '',
    'Written by `node scripts/results-gateway.ts`, which for each policy starts the fleet anew with',
    '',
    `    kvasir ${START('POLICY').join(' ')}`,
    '',
    'and sends the load with',
    '',
    `    kvasir bench URL --trace ${TRACE} ${BENCH.join(' ')}`,
    '',
    'The engines run at eight times their speed; all times below are engine seconds. At this load round robin answers all requests,',
    'with a queue that comes and goes. One router, four simulated engines (Qwen3-32B on two H100, 1 M tokens of KV cache each)',
    'and the load generator share one small machine, so compare columns, not machines.',
    '',
  ]
  writeFileSync(
    PAGE,
    `${head.join('\n')}\n${readFileSync(PAGE, 'utf8').replace(/^# /, '## ').replaceAll(folder, 'results')}`,
  )
}

const earlier = process.argv[2]
const folder = earlier ?? mkdtempSync(join(tmpdir(), 'kvasir-results-'))
const files = POLICIES.map((policy) => join(folder, `${policy}.json`))
for (const [i, policy] of POLICIES.entries()) {
  if (earlier !== undefined) break
  const fleet = await startFleet(policy)
  run(['bench', 'http://127.0.0.1:8180', '--trace', TRACE, ...BENCH, '--label', policy, '--json', files[i] ?? ''])
  await stop(fleet)
}
writePage(files)
