import type { Scale } from './scale.ts'
import { tickText } from './scale.ts'
import { label, line } from './svg.ts'

/** The rectangle that data is drawn in, in pixels. */
export interface Plot {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Grid lines and labels of a horizontal axis, with its title below. */
export function horizontalAxis(plot: Plot, scale: Scale, title: string): string[] {
  return [
    ...scale.ticks.flatMap((tick) => [
      line(scale.at(tick), plot.top, scale.at(tick), plot.bottom, 'grid'),
      label(scale.at(tick), plot.bottom + 14, tickText(tick), 'middle', 't tick'),
    ]),
    line(plot.left, plot.bottom, plot.right, plot.bottom, 'axis'),
    label((plot.left + plot.right) / 2, plot.bottom + 30, axisTitle(title, scale), 'middle'),
  ]
}

/** Grid lines and labels of a vertical axis, with its title above. */
export function verticalAxis(plot: Plot, scale: Scale, title: string, format = tickText): string[] {
  return [
    ...scale.ticks.flatMap((tick) => [
      line(plot.left, scale.at(tick), plot.right, scale.at(tick), 'grid'),
      label(plot.left - 6, scale.at(tick) + 4, format(tick), 'end', 't tick'),
    ]),
    line(plot.left, plot.top, plot.left, plot.bottom, 'axis'),
    label(plot.left - 36, plot.top - 10, axisTitle(title, scale), 'start'),
  ]
}

function axisTitle(title: string, scale: Scale): string {
  return scale.isLog ? `${title}, logarithmic` : title
}
