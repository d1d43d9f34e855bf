import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'

/**
 * Which folder of `src` may import from which. A folder may always import from itself. `docs/architecture.md` draws the
 * same picture; a new arrow is a decision worth a page in `decisions/`.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: ['prefix'],
  prefix: [],
  protocol: ['core', 'prefix'],
  plugins: ['core', 'prefix'],
  engine: ['core', 'prefix'],
  workload: ['core', 'prefix', 'engine', 'protocol'],
  stats: [],
  report: [],
  sim: ['core', 'prefix', 'plugins', 'engine', 'protocol', 'workload', 'stats', 'report'],
  config: ['core'],
  gateway: ['core', 'prefix', 'protocol'],
  signals: ['core', 'prefix'],
  tokenizer: [],
  admin: ['core'],
  observe: ['core'],
  'engine-server': ['core', 'prefix', 'engine', 'signals', 'tokenizer'],
  bench: ['core', 'prefix', 'workload', 'stats', 'report'],
  app: [
    'core',
    'prefix',
    'protocol',
    'plugins',
    'engine',
    'config',
    'gateway',
    'admin',
    'observe',
    'signals',
    'tokenizer',
  ],
  doctor: ['core', 'signals', 'tokenizer', 'report'],
  cli: [
    'core',
    'plugins',
    'engine',
    'config',
    'app',
    'engine-server',
    'bench',
    'sim',
    'workload',
    'stats',
    'report',
    'doctor',
  ],
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"\n]*?(?:from\s*)?['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/g
/** Chance and time are handed in to the pure folders; the linter covers modules and globals, this covers a member. */
const CHANCE = /\bMath\.random\b/
const PURE = new Set(['core', 'prefix', 'protocol', 'plugins', 'engine'])

const problems: string[] = []
for await (const path of glob('src/**/*.ts')) {
  const file = path.split(sep).join('/')
  const folder = file.split('/')[1] ?? ''
  const allowed = ARROWS[folder]
  if (allowed === undefined) {
    problems.push(`${file}: folder src/${folder} has no row in the table of arrows`)
    continue
  }
  const text = readFileSync(path, 'utf8')
  const isTest = file.endsWith('.test.ts') || file.includes('/testing/')
  if (PURE.has(folder) && !isTest && CHANCE.test(text)) problems.push(`${file}: uses Math.random in a pure folder`)
  if (isTest) continue
  for (const [, fromImport, fromCall] of text.matchAll(IMPORT)) {
    const target = normalize(join(dirname(file), fromImport ?? fromCall ?? '')).split(sep)[1] ?? ''
    if (target !== folder && !allowed.includes(target)) {
      problems.push(
        `${file}: imports from src/${target}; src/${folder} may import from ${allowed.join(', ') || 'no other folder'}`,
      )
    }
  }
}

for (const problem of problems) console.error(problem)
console.error(problems.length === 0 ? 'structure: every arrow is allowed' : `structure: ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
