import { OURS } from './arms.ts'
import type { CellRuns } from './cell-runs.ts'
import { HOLD_OUT } from './hold-out.ts'
import { ratioText, table } from './markdown.ts'
import { paceOf } from './page-head.ts'
import { againstOurs, rivalsOf, standingOf, TOLERANCE } from './verdicts.ts'
import { cellName } from './run-spec.ts'

/** Loads that were not looked at before. */
export function holdOut(cells: readonly CellRuns[]): string {
  const loads = HOLD_OUT.map((load) => `- \`${load.name}\`: ${paceOf(load)}`).join('\n')
  const standings = cells.map((runs) => standingOf(runs, 'ttft'))
  const behind = standings.filter(({ ratio }) => ratio > 1 + TOLERANCE)
  const order = rivalsOf(cells)
    .map((label) => ({ label, e2e: againstOurs(cells, label, 'e2e') }))
    .toSorted((a, b) => a.e2e.value - b.e2e.value)
  const rows = order.map(({ label, e2e }) => [
    label,
    ratioText(e2e),
    ...(['ttft', 'ttftP95', 'tpot'] as const).map((figure) => ratioText(againstOurs(cells, label, figure))),
  ])
  const lines = behind.map(({ runs, best, ratio }) => `- ${cellName(runs.cell)}: ${ratio.toFixed(3)} of \`${best}\``)
  return `## Hold-out

Loads that are in no cell above, 8 endpoints, all three caches, \`exact\` and \`predicted\`, with seeds that nothing else was run with. By the last load nothing was ever decided; chat-and-rag was run
once with other seeds, to decide on a term that was left out; the end of the trace was part of early experiments over all of it. Answers of the mixtures are drawn from a Pareto
distribution (60 to 4,000 tokens).

${loads}

\`${OURS}\` is within ${TOLERANCE * 100} % of the lowest mean TTFT in **${standings.length - behind.length} of ${standings.length} cells**${
    lines.length === 0 ? '.' : `; not in:\n\n${lines.join('\n')}`
  }

Geometric means of the others over \`${OURS}\`:

${table([['policy', 'E2E mean', 'TTFT mean', 'TTFT p95', 'TPOT mean'], ...rows])}`
}
