import { cpus } from 'node:os'
import { benchDecision } from './bench-decision.ts'
import { benchExactIndex } from './bench-exact-index.ts'
import { benchIndex } from './bench-index.ts'
import { benchKvEvents } from './bench-kv-events.ts'
import { benchSimulator } from './bench-simulator.ts'
import { benchTokenizer } from './bench-tokenizer.ts'
import { currentCommit } from './current-commit.ts'

/** `npm run bench:micro`: correctness first, then machine, commit, command and figures. */

const print = (line: string): void => console.log(line)
print(
  `npm run bench:micro · commit ${currentCommit()} · ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores · Node ${process.version}`,
)
print('')
const benches = [
  () => benchDecision(print),
  () => benchIndex(print),
  () => benchExactIndex(print, { prompts: 4000, inserts: 2_000_000 }),
  () => benchKvEvents(print, 10_000),
  () => benchTokenizer(print, ['native']),
  () => benchSimulator(print),
]
const results: boolean[] = []
for (const bench of benches) {
  results.push(await bench())
  print('')
}
print(results.every(Boolean) ? 'all targets met' : 'some targets are missed')
process.exitCode = results.every(Boolean) ? 0 : 1
