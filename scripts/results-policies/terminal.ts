import type { Table } from '../../src/report/table.ts'
import { OURS, PLAIN } from './arms.ts'
import type { CellRuns } from './cell-runs.ts'
import { seriesOf } from './cell-runs.ts'
import type { FigureName } from './figures.ts'
import { geometricMean, mean, ratioOf } from './ratios.ts'
import { cellName } from './run-spec.ts'
import { againstOurs, defeats, pairOf, standingOf, TOLERANCE } from './verdicts.ts'

/** Letters of a policy's name that fit over a column. */
const HEAD = 7

/** What a selection of cells shows while a policy is being worked on. */
export function terminalTables(cells: readonly CellRuns[]): Table[] {
  const labels = byTtft(cells)
  const rivals = labels.filter((label) => label !== OURS)
  const heads = (list: readonly string[]) => list.map((label) => label.slice(0, HEAD))
  const best = cells.map((runs) => standingOf(runs, 'ttft'))
  return [
    {
      title: 'Mean TTFT over the best of the cell',
      rows: [
        ['cell', 'best', 's', ...heads(labels)],
        ...best.map(({ runs, best: name, bestValue }) => [
          cellName(runs.cell),
          name,
          bestValue.toFixed(3),
          ...labels.map((label) => (mean(seriesOf(runs, label, 'ttft')) / bestValue).toFixed(2)),
        ]),
      ],
    },
    {
      title: `Mean E2E over that of ${OURS}`,
      rows: [
        ['cell', 's', 'hit', ...heads(rivals)],
        ...cells.map((runs) => [
          cellName(runs.cell),
          mean(seriesOf(runs, OURS, 'e2e')).toFixed(2),
          mean(seriesOf(runs, OURS, 'hit')).toFixed(3),
          ...rivals.map((label) => ratioOf(pairOf(runs, label, OURS, 'e2e')).toFixed(2)),
        ]),
      ],
    },
    summaryTable(cells, labels),
  ]
}

/** What stands under the tables: where our policy is not the best, and where round robin beats it. */
export function terminalNotes(cells: readonly CellRuns[]): string[] {
  const standings = cells.map((runs) => standingOf(runs, 'ttft'))
  const behind = standings.filter(({ ratio }) => ratio > 1 + TOLERANCE).toSorted((a, b) => b.ratio - a.ratio)
  const percent = TOLERANCE * 100
  const lines = [
    `${OURS}: within ${percent} % of the best mean TTFT in ${standings.length - behind.length} of ${standings.length} cells; not in`,
    ...behind.map(({ runs, best, ratio }) => `  ${ratio.toFixed(3)}  ${cellName(runs.cell)} (${best})`),
  ]
  if (cells.some(({ arms }) => !arms.has(PLAIN))) return lines
  const lost = defeats(cells)
  lines.push(`worse than ${PLAIN} by more than ${percent} % in ${lost.length} figures:`)
  for (const { runs, figure, ours, plain, ratio } of lost) {
    lines.push(
      `  ${ratio.value.toFixed(3)}  ${figure} ${ours.toFixed(3)} instead of ${plain.toFixed(3)}  ${cellName(runs.cell)}`,
    )
  }
  return lines
}

function summaryTable(cells: readonly CellRuns[], labels: readonly string[]): Table {
  const geometric = (label: string, figure: FigureName) => againstOurs(cells, label, figure).value.toFixed(3)
  const rows = labels.map((label) => {
    const e2e = cells.map((runs) => ratioOf(pairOf(runs, label, OURS, 'e2e')))
    const toBest = cells.map((runs) => mean(seriesOf(runs, label, 'ttft')) / standingOf(runs, 'ttft').bestValue)
    const near = toBest.filter((ratio) => ratio <= 1 + TOLERANCE).length
    return [
      label,
      geometricMean(toBest).toFixed(3),
      Math.max(...toBest).toFixed(2),
      `${near}/${cells.length}`,
      ...(['ttft', 'ttftP50', 'ttftP95', 'tpot', 'e2e', 'e2eP95', 'hit'] as const).map((figure) =>
        geometric(label, figure),
      ),
      Math.min(...e2e).toFixed(2),
    ]
  })
  return {
    title: `All cells: mean TTFT over the best (geometric mean, worst, cells within ${TOLERANCE * 100} %), then figures over those of ${OURS} (E2E last: where the policy does best)`,
    rows: [
      ['policy', 'to best', 'worst', 'near', 'TTFT', 'p50', 'p95', 'TPOT', 'E2E', 'E2E p95', 'hit', 'E2E min'],
      ...rows,
    ],
  }
}

/** Labels, ours first, then by mean TTFT over all cells. */
function byTtft(cells: readonly CellRuns[]): string[] {
  const labels = [...(cells[0]?.arms.keys() ?? [])]
  const place = new Map(labels.map((label) => [label, label === OURS ? 0 : againstOurs(cells, label, 'ttft').value]))
  return labels.toSorted((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0))
}
