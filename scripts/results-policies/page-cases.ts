import { OURS, PLAIN } from './arms.ts'
import type { CellRuns } from './cell-runs.ts'
import { seriesOf } from './cell-runs.ts'
import { percentText, secondsText, table } from './markdown.ts'
import { mean, ratioOf } from './ratios.ts'
import { againstOurs, pairOf, rivalsOf } from './verdicts.ts'

/** Rivals that get a column, besides round robin. */
const LEADERS = 8

/** One table per load: every cell, with the rivals that do best over all cells. */
export function caseTables(cells: readonly CellRuns[]): string {
  const rivals = rivalsOf(cells).filter((label) => label !== PLAIN)
  const place = new Map(rivals.map((label) => [label, againstOurs(cells, label, 'ttft').value]))
  const leaders = rivals.toSorted((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0)).slice(0, LEADERS)
  const columns = [...leaders, ...(cells[0]?.arms.has(PLAIN) === true ? [PLAIN] : [])]
  const tables = [...Map.groupBy(cells, ({ cell }) => cell.load.name)].map(
    ([name, ofCase]) =>
      `### ${name}\n\n${table([['cell', OURS, ...columns], ...ofCase.map((runs) => row(runs, columns))])}`,
  )
  return `## Every cell

Under \`${OURS}\`: mean TTFT in s / mean E2E in s / cached share in %. Under the others: TTFT over that of \`${OURS}\` / E2E over that of \`${OURS}\` / cached share in %. The
others are the ${LEADERS} with the lowest mean TTFT over all cells, and round robin.

${tables.join('\n\n')}`
}

function row(runs: CellRuns, columns: readonly string[]): string[] {
  const { replicas, kvTokens, view } = runs.cell
  const figure = (label: string, name: 'ttft' | 'e2e' | 'hit') => mean(seriesOf(runs, label, name))
  const hit = (label: string) => percentText(figure(label, 'hit'))
  return [
    `${replicas} x ${kvTokens / 1e6} M, ${view}`,
    `${secondsText(figure(OURS, 'ttft'))} / ${secondsText(figure(OURS, 'e2e'))} / ${hit(OURS)}`,
    ...columns.map((label) => {
      const ratio = (name: 'ttft' | 'e2e') => ratioOf(pairOf(runs, label, OURS, name)).toFixed(2)
      return `${ratio('ttft')} / ${ratio('e2e')} / ${hit(label)}`
    }),
  ]
}
