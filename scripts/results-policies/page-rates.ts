import { OURS } from './arms.ts'
import { seriesOf } from './cell-runs.ts'
import type { CellRuns } from './cell-runs.ts'
import { ratioText, secondsText, table } from './markdown.ts'
import { geometricRatio, mean } from './ratios.ts'
import { againstOurs, rivalsOf } from './verdicts.ts'

/** The same cells with the engines known and with two wrong beliefs, and those with two kinds of engine. */
export interface RateRuns {
  readonly known: readonly CellRuns[]
  readonly slow: readonly CellRuns[]
  readonly fast: readonly CellRuns[]
  readonly untold: readonly CellRuns[]
}

/** What wrong beliefs about the engines cost. */
export function learnedRates({ known, slow, fast, untold }: RateRuns): string {
  const rows = known.map((runs, index) => {
    const { load, view } = runs.cell
    return [
      `${load.name}, ${view}`,
      secondsText(mean(seriesOf(runs, OURS, 'ttft'))),
      ...[slow, fast].flatMap((wrong) =>
        (['ttft', 'e2e'] as const).map((figure) => wrongOver(wrong[index], runs, figure)),
      ),
    ]
  })
  const order = rivalsOf(untold)
    .map((label) => ({ label, ttft: againstOurs(untold, label, 'ttft') }))
    .toSorted((a, b) => a.ttft.value - b.ttft.value)
  const rivals = order.map(({ label, ttft }) => [
    label,
    ratioText(ttft),
    ratioText(againstOurs(untold, label, 'ttftP95')),
    ratioText(againstOurs(untold, label, 'e2e')),
  ])
  const absolute = untold.map(
    (runs) => `${runs.cell.load.name}, ${runs.cell.view}: ${secondsText(mean(seriesOf(runs, OURS, 'ttft')))} s`,
  )
  return `## Engines that are not what the router believes

8 endpoints with 1 M tokens, conversation trace, the first 500 requests not measured.

### Believed four times too slow, or too fast

\`${OURS}\` with the wrong profile over \`${OURS}\` with the right one; above 1.05 is more than 5 % worse.

${table([['cell', 'right profile, TTFT s', 'too slow: TTFT', 'too slow: E2E', 'too fast: TTFT', 'too fast: E2E'], ...rows])}

### Two kinds of GPU, nobody told

Four endpoints on H100, four on A100, all believed to be H100. Mean TTFT of \`${OURS}\`: ${absolute.join('; ')}. Geometric means of the others over \`${OURS}\`:

${table([['policy', 'TTFT mean', 'TTFT p95', 'E2E mean'], ...rivals])}`
}

function wrongOver(wrong: CellRuns | undefined, right: CellRuns, figure: 'ttft' | 'e2e'): string {
  if (wrong === undefined) return '-'
  return ratioText(geometricRatio([{ arm: seriesOf(wrong, OURS, figure), base: seriesOf(right, OURS, figure) }]))
}
