import { OURS, PLAIN } from './arms.ts'
import type { CellRuns } from './cell-runs.ts'
import { seriesOf } from './cell-runs.ts'
import type { FigureName } from './figures.ts'
import { percentText, ratioText, secondsText, table } from './markdown.ts'
import { geometricRatio, mean } from './ratios.ts'
import { cellName } from './run-spec.ts'
import { againstOurs, defeats, pairOf, rivalsOf, standingOf, TOLERANCE } from './verdicts.ts'

const PERCENT = TOLERANCE * 100

/** The figures that policies are compared in, over all cells. */
const FIGURES: readonly (readonly [FigureName, string])[] = [
  ['e2e', 'E2E mean'],
  ['ttft', 'TTFT mean'],
  ['ttftP95', 'TTFT p95'],
  ['tpot', 'TPOT mean'],
  ['hit', 'cached share'],
]

/** What a reader wants to know first. */
export function summary(cells: readonly CellRuns[]): string {
  return ['## Summary', nearness(cells), againstPlain(cells), overall(cells), byView(cells)].join('\n\n')
}

/** (1) How often ours is as good as whatever is best in a cell. */
function nearness(cells: readonly CellRuns[]): string {
  const near = (label: string, figure: FigureName) =>
    cells.filter((runs) => standingOf(runs, figure, label).ratio <= 1 + TOLERANCE).length
  const rivals = rivalsOf(cells).toSorted((a, b) => near(b, 'ttft') - near(a, 'ttft'))
  const behind = cells
    .map((runs) => standingOf(runs, 'ttft'))
    .filter(({ ratio }) => ratio > 1 + TOLERANCE)
    .toSorted((a, b) => b.ratio - a.ratio)
  const rows = behind.map(({ runs, best, bestValue }) => {
    const pair = pairOf(runs, OURS, best, 'ttft')
    return [
      cellName(runs.cell),
      secondsText(mean(pair.arm)),
      best,
      secondsText(bestValue),
      ratioText(geometricRatio([pair])),
    ]
  })
  const [next = ''] = rivals
  return `### 1. Beside the best policy of each cell

\`${OURS}\` is within ${PERCENT} % of the lowest mean TTFT in **${near(OURS, 'ttft')} of ${cells.length} cells**, and within ${PERCENT} % of the lowest mean E2E in
**${near(OURS, 'e2e')}**. The next, \`${next}\`, is so in ${near(next, 'ttft')} and ${near(next, 'e2e')}.${
    rows.length === 0
      ? ''
      : ` It is not in these, worst first (mean TTFT in s; the ratio is of \`${OURS}\` over the best):`
  }

${rows.length === 0 ? '' : table([['cell', OURS, 'best', 'its TTFT', 'ratio'], ...rows])}`.trimEnd()
}

/** (2) Where the simplest policy is better. */
function againstPlain(cells: readonly CellRuns[]): string {
  const lost = defeats(cells)
  const rows = lost.map(({ runs, figure, ours, plain, ratio }) => [
    cellName(runs.cell),
    figure,
    secondsText(ours),
    secondsText(plain),
    ratioText(ratio),
  ])
  const head = `### 2. Beside round robin

Cells in which \`${OURS}\` is worse than \`${PLAIN}\` by more than ${PERCENT} % in the median or 95th percentile of TTFT or in mean E2E: **${new Set(lost.map(({ runs }) => runs)).size} of ${cells.length}**.`
  return rows.length === 0
    ? head
    : `${head}\n\n${table([['cell', 'figure', OURS, PLAIN, `ratio to ${PLAIN}`], ...rows])}`
}

/** (3) The geometric means over all cells. */
function overall(cells: readonly CellRuns[]): string {
  const rivals = rivalsOf(cells)
  const ratios = new Map(
    rivals.map((label) => [label, FIGURES.map(([figure]) => againstOurs(cells, label, figure))] as const),
  )
  const order = rivals.toSorted((a, b) => (ratios.get(a)?.[0]?.value ?? 0) - (ratios.get(b)?.[0]?.value ?? 0))
  const best = FIGURES.map(([figure, name], column) => {
    const value = (label: string) => ratios.get(label)?.[column]?.value ?? Number.NaN
    const label = rivals.toSorted((a, b) => (figure === 'hit' ? value(b) - value(a) : value(a) - value(b)))[0] ?? ''
    const ratio = ratios.get(label)?.[column]
    return `${name}: \`${label}\`${ratio === undefined ? '' : ` ${ratioText(ratio)}`}`
  })
  return `### 3. All cells

Geometric means over ${cells.length} cells of each policy over \`${OURS}\`. The best other policy of each figure: ${best.join('; ')}.
Cells without any cached tokens do not count for the cached share, which is ${percentText(mean(cells.map((runs) => mean(seriesOf(runs, OURS, 'hit')))))} % on average under \`${OURS}\`.

${table([
  ['policy', ...FIGURES.map(([, name]) => name)],
  ...order.map((label) => [label, ...(ratios.get(label) ?? []).map(ratioText)]),
])}`
}

/** (4) The same, by what a router knows and by the number of endpoints. */
function byView(cells: readonly CellRuns[]): string {
  const groups = [
    ...Map.groupBy(cells, ({ cell }) => `\`${cell.view}\``),
    ...Map.groupBy(cells, ({ cell }) => `${cell.replicas} endpoints`),
    ...Map.groupBy(cells, ({ cell }) => `${cell.kvTokens / 1e6} M tokens`),
  ]
  const rows = groups.map(([name, members]) => {
    const ratios = rivalsOf(members).map((label) => ({ label, e2e: againstOurs(members, label, 'e2e') }))
    const best = ratios.toSorted((a, b) => a.e2e.value - b.e2e.value)[0]
    const near = members.filter((runs) => standingOf(runs, 'ttft').ratio <= 1 + TOLERANCE).length
    return [name, `${near} of ${members.length}`, best?.label ?? '', best === undefined ? '' : ratioText(best.e2e)]
  })
  return `### 4. By what is known, and by size

${table([['cells', `TTFT within ${PERCENT} %`, 'best other on mean E2E', `its E2E over ${OURS}`], ...rows])}`
}
