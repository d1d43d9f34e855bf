import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** What every simulation depends on. */
const SHARED = [
  'src/{core,sim,engine,workload,prefix}/*.ts',
  'scripts/results-policies/{simulate-run,case-workload,copy-sessions,figures}.ts',
]
const IMPORT = /(?:^|\n)(?:import|export)\b[^'"]*?from '(\.[^']+)'/g
const COMMENT = /^\s*(?:\/\/|\/?\*)/

/** Hash of everything that all runs share: simulator, engines, workloads, core. Comments do not count. */
export function sharedHash(): string {
  const files = SHARED.flatMap((pattern) => globSync(pattern)).filter((file) => !file.endsWith('.test.ts'))
  return hashOf(files)
}

/** Hash of a policy's file and of what it imports from `src/plugins`. */
export function policyHash(type: string): string {
  const found = new Set<string>()
  collect(`src/plugins/policies/${type}.ts`, found)
  return hashOf([...found])
}

function collect(file: string, found: Set<string>): void {
  if (found.has(file) || !file.startsWith('src/plugins/') || !existsSync(file)) return
  found.add(file)
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    collect(normalize(join(dirname(file), target)), found)
  }
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files.toSorted()) {
    const lines = readFileSync(file, 'utf8').split('\n')
    hash.update(`${file}\n${lines.filter((line) => !COMMENT.test(line)).join('\n')}`)
  }
  return hash.digest('hex').slice(0, 12)
}
