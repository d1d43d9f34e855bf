import type { Ratio } from './ratios.ts'
import { isOpen } from './ratios.ts'

/** A ratio with its interval, and whether the interval leaves it open. */
export function ratioText(ratio: Ratio): string {
  const { value, interval } = ratio
  if (Number.isNaN(value)) return '-'
  if (interval === undefined) return value.toFixed(3)
  const text = `${value.toFixed(3)} [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`
  return isOpen(ratio) ? `${text} no difference` : text
}

/** Seconds with three significant digits. */
export function secondsText(seconds: number): string {
  return Number(seconds.toPrecision(3)).toString()
}

export function percentText(share: number): string {
  return (share * 100).toFixed(1)
}

/** A Markdown table: names to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const line = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line(head),
    `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...body.map(line),
  ].join('\n')
}
