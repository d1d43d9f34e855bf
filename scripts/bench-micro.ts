import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { benchDecision } from './bench-decision.ts'
import { benchIndex } from './bench-index.ts'
import { benchSimulator } from './bench-simulator.ts'

/** `npm run bench:micro`: correctness first, then machine, commit, command and figures. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'no git checkout'
  }
}

const print = (line: string): void => console.log(line)
print(
  `npm run bench:micro · commit ${commit()} · ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores · Node ${process.version}`,
)
print('')
const results = [benchDecision(print)]
print('')
results.push(benchIndex(print))
print('')
results.push(benchSimulator(print))
print('')
print(results.every(Boolean) ? 'all targets met' : 'some targets are missed')
process.exitCode = results.every(Boolean) ? 0 : 1
