import { verticalAxis } from './frame.ts'
import { chooseScale } from './scale.ts'
import { seriesClass, seriesShape } from './series.ts'
import { group, label, line, mark, path, svg } from './svg.ts'

/** What an arm has at every step; undefined where nothing was measured. */
export interface CurveSeries {
  readonly label: string
  readonly values: readonly (number | undefined)[]
}

const STEP = 90
const HEIGHT = 280
const LEFT = 52

/** A figure of every arm over the steps of one dimension, which stand at equal distances. */
export function curveChart(
  title: string,
  yTitle: string,
  steps: readonly string[],
  series: readonly CurveSeries[],
): string {
  const width = LEFT + Math.max(3, steps.length) * STEP + 10
  const plot = { left: LEFT, top: 52, right: width - 10, bottom: HEIGHT - 30 }
  const known = series.flatMap(({ values }) => values.filter((value) => value !== undefined))
  const y = chooseScale([...known, Math.max(...known) * 1.04], plot.bottom, plot.top)
  const x = (step: number) => plot.left + ((step + 0.5) * (plot.right - plot.left)) / steps.length
  return svg(width, HEIGHT, `${yTitle}: ${title}`, [
    label(plot.left - 36, 16, title, 'start', 't head'),
    ...verticalAxis(plot, y, yTitle),
    line(plot.left, plot.bottom, plot.right, plot.bottom, 'axis'),
    ...steps.map((text, step) => label(x(step), plot.bottom + 16, text, 'middle', 't tick')),
    ...series.map(({ label: name, values }, index) => {
      const points = values.flatMap((value, step) => (value === undefined ? [] : [[x(step), y.at(value)] as const]))
      return group(seriesClass(index), name, [
        path(points, 'line'),
        ...points.map(([px, py]) => mark(px, py, 3.5, seriesShape(index))),
      ])
    }),
  ])
}
