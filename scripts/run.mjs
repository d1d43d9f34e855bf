// Sets up a checkout and runs one of its commands. Plain JavaScript for whatever Node a machine has (20 or later):
// it installs the locked dependencies, the right Node among them, and hands over to that Node.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const stampFile = join(root, 'node_modules', '.kvasir-install')
const NODE_FLOOR = 24
/** Milliseconds between two looks at whether npm is still there. */
const ORPHANED_MS = 300

/** Commands by name: what they run, and whether they need the development tools. */
const COMMANDS = {
  start: { tools: false, steps: [['node', 'src/cli/main.ts', 'start']] },
  kvasir: { tools: false, steps: [['node', 'src/cli/main.ts']] },
  test: { tools: true, steps: [['vitest', 'run']] },
  format: { tools: true, steps: [['oxfmt', 'src', 'test', 'scripts', 'vitest.config.ts']] },
  generate: {
    tools: true,
    steps: [
      ['node', 'scripts/generate-plugins.ts'],
      ['node', 'scripts/generate-config-docs.ts'],
    ],
  },
  build: {
    tools: true,
    steps: [
      ['node', 'scripts/clean-dist.ts'],
      ['tsc', '-p', 'tsconfig.build.json'],
    ],
  },
  check: {
    tools: true,
    steps: [
      ['tsc', '-p', 'tsconfig.json'],
      ['oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'scripts'],
      ['node', 'scripts/check-structure.ts'],
      ['oxfmt', '--check', 'src', 'test', 'scripts', 'vitest.config.ts'],
      ['node', 'scripts/generate-plugins.ts', '--check'],
      ['node', 'scripts/generate-config-docs.ts', '--check'],
      ['knip'],
      ['vitest', 'run'],
    ],
  },
  'bench:micro': { tools: true, steps: [['node', '--expose-gc', 'scripts/bench-micro.ts']] },
  'bench:proxy': { tools: true, steps: [['node', 'scripts/bench-proxy.ts']] },
}

const [name, ...rest] = process.argv.slice(2)
const command = COMMANDS[name]
if (command === undefined) {
  console.error(`unknown command '${name}'; known are ${Object.keys(COMMANDS).join(', ')}`)
  process.exit(2)
}

install(command.tools)
const node = rightNode()
for (const [index, step] of command.steps.entries()) {
  const last = index === command.steps.length - 1
  if (command.steps.length > 1) console.error(`\n> ${step.join(' ')}`)
  const status = await run(last ? [...step, ...rest] : step)
  if (status !== 0) process.exit(status)
}

/** Installs what the lock file names, once per lock file; `tools` adds the development tools. */
function install(tools) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const found = existsSync(stampFile) ? readFileSync(stampFile, 'utf8').split(' ') : []
  if (found[0] === lock && (found[1] === 'tools' || !tools)) return
  console.error(`Installing dependencies${tools ? ' and development tools' : ''} (once) ...`)
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...(tools ? [] : ['--omit=dev'])]
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status } = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    console.error(`npm ci failed; run it in ${root} to see why`)
    process.exit(status ?? 1)
  }
  writeFileSync(stampFile, `${lock} ${tools ? 'tools' : 'run'}`)
}

/** The Node that the checkout brought, or this one where it is new enough. */
function rightNode() {
  const brought = join(bin, 'node')
  if (existsSync(brought)) return brought
  if (Number(process.versions.node.split('.')[0]) >= NODE_FLOOR) return process.execPath
  console.error(
    `Kvasir needs Node ${NODE_FLOOR} or later; found ${process.version}, and none comes along for ${process.platform}-${process.arch}`,
  )
  process.exit(1)
}

/** Runs one step from the checkout's folder with the right Node first on PATH, passes signals on; resolves to its exit code. */
function run([program, ...args]) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
  const file = program === 'node' ? node : join(bin, program)
  const child = spawn(file, args, { cwd: root, env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // npm does not pass a SIGTERM on: it ends, and this process finds itself with another parent.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, ORPHANED_MS)
  watch.unref()
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${program}: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}
