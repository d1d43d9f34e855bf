import { renderMarkdown } from '../src/report/table.ts'
import { boundTables } from './validate-simulator/bounds.ts'
import { measuredTables } from './validate-simulator/measured.ts'
import { policyTables } from './validate-simulator/policies.ts'
import { viewTables } from './validate-simulator/views.ts'

/**
 * Prints what the simulator gives beside what others published, as Markdown. Needs the conversation trace in
 * `../shared/traces` and a few minutes. `docs/simulator.md` says what to make of it.
 */
for (const tables of [boundTables, policyTables, measuredTables, viewTables]) {
  for (const table of tables()) console.log(renderMarkdown(table))
}
