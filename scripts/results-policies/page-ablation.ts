import { withoutLabel } from './ablation.ts'
import { OURS } from './arms.ts'
import type { CellRuns } from './cell-runs.ts'
import { ratioText, table } from './markdown.ts'
import { ratioOf } from './ratios.ts'
import { cellName } from './run-spec.ts'
import { againstOurs, pairOf } from './verdicts.ts'

/** What each term of our policy is good for. */
export function ablation(cells: readonly CellRuns[], terms: readonly string[]): string {
  const rows = terms.map((term) => {
    const label = withoutLabel(term)
    return [
      label,
      ratioText(againstOurs(cells, label, 'ttft')),
      ratioText(againstOurs(cells, label, 'ttftP95')),
      ratioText(againstOurs(cells, label, 'e2e')),
      worst(cells, label),
    ]
  })
  return `## What each term is good for

\`${OURS}\` with one term left out over \`${OURS}\`, ${cells.length} cells: all loads, 8 endpoints, 300,000 and 1 M tokens, \`exact\`. Above 1, the term helps.
\`home\` and \`step\` decide little here. They are for short turns beside coarse blocks and for small fleets at little load: without \`home\`, \`docs/results/llm-cache-router.md\`
loses two criteria (requests per second at saturation 0.981 instead of 1.000 of least-loaded's); without \`step\`, its four sessions share endpoints.
\`adapter\` is for adapters (LoRA), which no load here has (\`test/lora.test.ts\`).

${table([['', 'TTFT mean', 'TTFT p95', 'E2E mean', 'mean TTFT, where the term helps most'], ...rows])}`
}

function worst(cells: readonly CellRuns[], label: string): string {
  const ratios = cells.map((runs) => ({ runs, ratio: ratioOf(pairOf(runs, label, OURS, 'ttft')) }))
  const [most] = ratios.toSorted((a, b) => b.ratio - a.ratio)
  return most === undefined ? '-' : `${most.ratio.toFixed(2)} in ${cellName(most.runs.cell)}`
}
