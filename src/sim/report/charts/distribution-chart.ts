import { horizontalAxis, verticalAxis } from './frame.ts'
import { chooseScale, linearScale, logScale } from './scale.ts'
import { seriesClass } from './series.ts'
import { group, path, svg } from './svg.ts'

/** The distribution of one arm. */
export interface DistributionSeries {
  readonly label: string
  readonly values: readonly number[]
}

const WIDTH = 520
const HEIGHT = 320
const plot = { left: 52, top: 34, right: WIDTH - 14, bottom: HEIGHT - 40 }

/**
 * Which share of the requests had at most which time.
 * @param levels shares from 0 to 1 that the values of every series belong to
 */
export function distributionChart(
  title: string,
  levels: readonly number[],
  series: readonly DistributionSeries[],
): string {
  const all = series.flatMap(({ values }) => values).filter((value) => value > 0)
  if (all.length === 0) return ''
  const [min, max] = [Math.min(...all), Math.max(...all)]
  const x = max / min > 5 ? logScale(min, max, plot.left, plot.right) : chooseScale(all, plot.left, plot.right)
  const y = linearScale(0, 1, plot.bottom, plot.top)
  return svg(WIDTH, HEIGHT, `${title}, cumulative`, [
    ...verticalAxis(plot, y, 'share of requests', (tick) => `${Math.round(tick * 100)} %`),
    ...horizontalAxis(plot, x, title),
    ...series.map(({ label, values }, index) => {
      const points = values.map((value, step) => [x.at(value), y.at(levels[step] ?? 0)] as const)
      return group(seriesClass(index), label, [path(points, 'line')])
    }),
  ])
}
