/** Text as HTML and SVG take it, inside of elements and of quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** An SVG picture in pixels, which its surroundings may scroll but do not shrink. */
export function svg(width: number, height: number, label: string, parts: readonly string[]): string {
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`
  return `<svg ${size} role="img" aria-label="${escapeHtml(label)}">${parts.join('')}</svg>`
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${name}"/>`
}

/** Where a text stands relative to its point. */
export type Anchor = 'start' | 'middle' | 'end'

/** A line of text with its baseline at a point. */
export function label(x: number, y: number, text: string, anchor: Anchor, name = 't'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" class="${name}">${escapeHtml(text)}</text>`
}

/** A line through points. */
export function path(points: readonly (readonly [number, number])[], name: string): string {
  const steps = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`)
  return `<path d="${steps.join('')}" class="${name}"/>`
}

/** Parts that belong together, with a text that appears when they are pointed at. */
export function group(name: string, title: string, parts: readonly string[]): string {
  return `<g class="${name}"><title>${escapeHtml(title)}</title>${parts.join('')}</g>`
}

const SHAPES = ['circle', 'square', 'diamond', 'triangle'] as const

/** A mark at a point. Arms beyond the number of colours have other shapes. */
export function mark(x: number, y: number, size: number, shape: number): string {
  const kind = SHAPES[shape % SHAPES.length]
  if (kind === 'circle') return `<circle cx="${round(x)}" cy="${round(y)}" r="${round(size)}" class="mark"/>`
  const corners: readonly (readonly [number, number])[] =
    kind === 'square'
      ? [
          [-0.9, -0.9],
          [0.9, -0.9],
          [0.9, 0.9],
          [-0.9, 0.9],
        ]
      : kind === 'diamond'
        ? [
            [0, -1.3],
            [1.3, 0],
            [0, 1.3],
            [-1.3, 0],
          ]
        : [
            [0, -1.2],
            [1.2, 1],
            [-1.2, 1],
          ]
  const points = corners.map(([dx, dy]) => `${round(x + dx * size)},${round(y + dy * size)}`)
  return `<polygon points="${points.join(' ')}" class="mark"/>`
}

/** Tenths of a pixel are enough, and keep pages small. */
export function round(value: number): number {
  return Math.round(value * 10) / 10
}
