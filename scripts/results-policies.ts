import { writeFileSync } from 'node:fs'
import { renderText } from '../src/report/table.ts'
import { runCells } from './results-policies/cell-runs.ts'
import { coreCells } from './results-policies/core-cells.ts'
import { parseOptions } from './results-policies/options.ts'
import { makePage } from './results-policies/page.ts'
import { openRunCache } from './results-policies/run-cache.ts'
import { terminalNotes, terminalTables } from './results-policies/terminal.ts'

/**
 * Compares the default policy with all others in the simulator. Without flags everything is run, and docs/results/policies.md is
 * written. With some of `--cases chat,rag`, `--replicas 8`, `--kv 1M`, `--views exact` and `--policies lmetric,dynamo-32`,
 * that part of the matrix is shown on the terminal. `--seeds 2` runs fewer seeds; `--keep` takes known runs of other policies
 * although the simulator or the core has changed since.
 */
const PAGE = 'docs/results/policies.md'

const options = parseOptions(process.argv.slice(2))
const cache = openRunCache(options.keep)
const cells = await runCells(coreCells(options.selection), options.arms, options.seeds, cache)
if (options.page) {
  writeFileSync(PAGE, await makePage(cells, options.seeds, cache))
  process.stderr.write(`wrote ${PAGE}\n`)
} else {
  for (const table of terminalTables(cells)) console.log(renderText(table))
  console.log(terminalNotes(cells).join('\n'))
}
