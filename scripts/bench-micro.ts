import { cpus } from 'node:os'
import { benchDecision } from './bench-decision.ts'
import { benchIndex } from './bench-index.ts'
import { benchSimulator } from './bench-simulator.ts'
import { currentCommit } from './current-commit.ts'

/** `npm run bench:micro`: correctness first, then machine, commit, command and figures. */

const print = (line: string): void => console.log(line)
print(
  `npm run bench:micro · commit ${currentCommit()} · ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores · Node ${process.version}`,
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
