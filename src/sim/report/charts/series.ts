/** Colours that can be told apart on white and on black; the first is for the baseline. */
const COLORS = [
  '#868e96',
  '#3b82f6',
  '#e8710a',
  '#2f9e44',
  '#9c4fe0',
  '#e03131',
  '#0c9bb0',
  '#d6409f',
  '#a0702f',
  '#7f9a10',
]

/** Class of everything that is drawn for an arm. */
export function seriesClass(index: number): string {
  return `s s${index}`
}

/** Arms beyond the number of colours have other shapes. */
export function seriesShape(index: number): number {
  return Math.floor(index / COLORS.length)
}

/** Style rules of so many arms: colours, dashes beyond the number of colours, and how to hide one. */
export function seriesStyles(count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const color = COLORS[index % COLORS.length] ?? '#868e96'
    const dash = index < COLORS.length ? '' : `.s${index} .line{stroke-dasharray:5 3}`
    return `.s${index}{--c:${color}}${dash}.off-${index} svg .s${index}{display:none}`
  }).join('\n')
}
