import { horizontalAxis, verticalAxis } from './frame.ts'
import { chooseScale, logScale } from './scale.ts'
import type { Scale } from './scale.ts'
import { seriesClass, seriesShape } from './series.ts'
import { group, mark, svg } from './svg.ts'

/** A point of a scatter chart. */
export interface ScatterPoint {
  /** Number of the arm. */
  readonly series: number
  readonly x: number
  readonly y: number
  readonly title: string
}

const WIDTH = 620
const HEIGHT = 400
const plot = { left: 52, top: 34, right: WIDTH - 16, bottom: HEIGHT - 42 }

/** Points of all arms; every point says what it is when pointed at. */
export function scatterChart(xTitle: string, yTitle: string, points: readonly ScatterPoint[]): string {
  const x = paddedScale(
    points.map((point) => point.x),
    plot.left,
    plot.right,
  )
  const y = paddedScale(
    points.map((point) => point.y),
    plot.bottom,
    plot.top,
  )
  return svg(WIDTH, HEIGHT, `${yTitle} against ${xTitle}`, [
    ...verticalAxis(plot, y, yTitle),
    ...horizontalAxis(plot, x, xTitle),
    ...points.map((point) =>
      group(seriesClass(point.series), point.title, [
        mark(x.at(point.x), y.at(point.y), 4.5, seriesShape(point.series)),
      ]),
    ),
  ])
}

/** With room around the outermost points. */
function paddedScale(values: readonly number[], from: number, to: number): Scale {
  const [min, max] = [Math.min(...values), Math.max(...values)]
  return max / min > 4 ? logScale(min / 1.15, max * 1.15, from, to) : chooseScale([...values, max * 1.08], from, to)
}
