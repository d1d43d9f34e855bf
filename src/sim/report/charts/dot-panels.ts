import { formatNumber } from '../../../report/format-number.ts'
import { ratioRange } from '../ratio-range.ts'
import type { StatisticSummary } from '../simulation-schema.ts'
import { zoomedScale } from './scale.ts'
import { horizontalAxis } from './frame.ts'
import { group, label, line, mark, svg } from './svg.ts'
import { seriesClass, seriesShape } from './series.ts'

/** One figure of every arm, drawn side by side with others over the same rows. */
export interface DotPanel {
  readonly title: string
  readonly unit: string
  /** Factor from seconds to the unit. */
  readonly factor: number
  readonly values: readonly (StatisticSummary | null)[]
  /** Lines that say how low a figure can be, in seconds. */
  readonly limits?: readonly { readonly name: string; readonly value: number }[]
}

const ROW = 24
const PANEL = 230
const GAP = 18
const VALUE = 46
const TOP = 30
const BOTTOM = 40

/** Panels with a dot and an error bar for every arm, one row an arm. */
export function dotPanels(labels: readonly string[], panels: readonly DotPanel[]): string {
  const names = labelWidth(labels)
  const bottom = TOP + labels.length * ROW
  const rowAt = (row: number) => TOP + (row + 0.5) * ROW
  const parts = labels.map((text, row) => label(names - 8, rowAt(row) + 4, text, 'end'))
  for (const [index, panel] of panels.entries()) {
    const left = names + index * (PANEL + GAP)
    parts.push(...drawPanel(panel, { left, top: TOP, right: left + PANEL, bottom }, labels, rowAt))
  }
  const title = panels.map((panel) => panel.title).join(', ')
  return svg(names + panels.length * (PANEL + GAP), bottom + BOTTOM, `${title} by policy`, parts)
}

/** Room that labels of rows need, in pixels. */
export function labelWidth(labels: readonly string[]): number {
  return Math.min(260, 20 + 7 * Math.max(...labels.map(({ length }) => length)))
}

function drawPanel(
  panel: DotPanel,
  plot: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
  labels: readonly string[],
  rowAt: (row: number) => number,
): string[] {
  const ranges = panel.values.map((value) =>
    value === null ? undefined : (ratioRange(value) ?? [value.value, value.value]),
  )
  const limits = panel.limits ?? []
  const all = [...ranges.flatMap((range) => range ?? []), ...limits.map(({ value }) => value)]
  const scale = zoomedScale(
    all.map((value) => value * panel.factor),
    plot.left,
    plot.right - VALUE,
    4,
  )
  const x = (value: number) => scale.at(value * panel.factor)
  return [
    label(plot.left, plot.top - 14, panel.title, 'start', 't head'),
    ...horizontalAxis({ ...plot, right: plot.right - VALUE }, scale, panel.unit),
    ...limits.map(({ name, value }) =>
      group('limit', `${name}: ${formatNumber(value * panel.factor)} ${panel.unit}`, [
        line(x(value), plot.top - 4, x(value), plot.bottom, 'limit'),
      ]),
    ),
    ...panel.values.flatMap((value, row) => {
      const range = ranges[row]
      if (value === null || range === undefined) return []
      const shown = formatNumber(value.value * panel.factor)
      const title = `${labels[row] ?? ''}: ${shown} ${panel.unit} [${range.map((end) => formatNumber(end * panel.factor)).join(', ')}]`
      return group(seriesClass(row), title, [
        line(x(range[0]), rowAt(row), x(range[1]), rowAt(row), 'bar'),
        mark(x(value.value), rowAt(row), 4.5, seriesShape(row)),
        label(x(Math.max(range[1], value.value)) + 9, rowAt(row) + 4, shown, 'start', 't value'),
      ])
    }),
  ]
}
