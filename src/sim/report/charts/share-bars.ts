import { formatShare } from '../../../report/format-number.ts'
import { labelWidth } from './dot-panels.ts'
import { horizontalAxis } from './frame.ts'
import { linearScale } from './scale.ts'
import type { Scale } from './scale.ts'
import { seriesClass } from './series.ts'
import { group, label, line, round, svg } from './svg.ts'

/** A bar: a share of 1 with its interval. */
export interface ShareBar {
  readonly label: string
  readonly value: number | null
  readonly interval: readonly [number, number] | null
}

/** A line across all bars. */
export interface ShareLimit {
  readonly name: string
  readonly value: number
}

const ROW = 24
const BAR = 300
const VALUE = 60
const LIMIT_ROW = 15

/** Horizontal bars of shares, with lines for what could be reached. */
export function shareBars(title: string, bars: readonly ShareBar[], limits: readonly ShareLimit[]): string {
  const names = labelWidth(bars.map((bar) => bar.label))
  const top = 12 + limits.length * LIMIT_ROW
  const bottom = top + bars.length * ROW
  const high = Math.max(...bars.map(({ value }) => value ?? 0), ...limits.map(({ value }) => value), 0.01)
  const scale = linearScale(0, high, names, names + BAR)
  const plot = { left: names, top, right: names + BAR, bottom }
  const percent = {
    ...scale,
    at: (value: number) => scale.at(value / 100),
    ticks: scale.ticks.map((tick) => tick * 100),
  }
  return svg(names + BAR + VALUE, bottom + 40, title, [
    ...horizontalAxis(plot, percent, `${title} (%)`),
    ...limits.map(({ name, value }, index) => {
      const y = top - 6 - index * LIMIT_ROW
      const isRight = scale.at(value) - names > BAR / 2
      const text = `${name} ${formatShare(value)}`
      const at = scale.at(value) + (isRight ? -4 : 4)
      return group('limit', text, [
        line(scale.at(value), y - 6, scale.at(value), bottom, 'limit'),
        label(at, y, text, isRight ? 'end' : 'start', 't tick'),
      ])
    }),
    ...bars.map((bar, row) => drawBar(bar, row, top + row * ROW, scale)),
  ])
}

function drawBar({ label: name, value, interval }: ShareBar, row: number, y: number, scale: Scale): string {
  const title = `${name}: ${formatShare(value)}${interval === null ? '' : ` [${interval.map(formatShare).join(', ')}]`}`
  const middle = y + ROW / 2
  const at = (share: number) => scale.at(share)
  const zero = at(0)
  const parts = [label(zero - 8, middle + 4, name, 'end', 't name')]
  if (value !== null) {
    const size = `x="${round(zero)}" y="${round(y + 4)}" width="${round(at(value) - zero)}" height="${ROW - 8}"`
    parts.push(`<rect ${size} class="fill"/>`)
    if (interval !== null) parts.push(line(at(interval[0]), middle, at(interval[1]), middle, 'whisker'))
    parts.push(
      label(Math.max(at(value), at(interval?.[1] ?? 0)) + 6, middle + 4, formatShare(value), 'start', 't value'),
    )
  }
  return group(seriesClass(row), title, parts)
}
