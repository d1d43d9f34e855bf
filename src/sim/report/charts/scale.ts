/** Maps values to pixels. */
export interface Scale {
  at(value: number): number
  /** Values to label, in ascending order. */
  readonly ticks: readonly number[]
  readonly isLog: boolean
}

/** Values that lie further apart than this factor are drawn on a logarithmic scale. */
const LOG_FACTOR = 20

/** Values that lie closer together than this factor are drawn without the zero. */
const ZOOM_FACTOR = 1.8

/** A linear scale that begins at zero, unless that would press the values together. */
export function zoomedScale(values: readonly number[], from: number, to: number, ticks = 5): Scale {
  const [min, max] = [Math.min(...values), Math.max(...values)]
  if (!(min > 0) || max / min > ZOOM_FACTOR) return chooseScale(values, from, to, ticks)
  const margin = Math.max((max - min) * 0.12, max * 0.01)
  return linearScale(min - margin, max + margin, from, to, ticks)
}

/** A linear scale from zero; logarithmic where the values lie far apart. */
export function chooseScale(values: readonly number[], from: number, to: number, ticks = 5): Scale {
  const known = values.filter((value) => Number.isFinite(value) && value > 0)
  const max = Math.max(...known)
  const min = Math.min(...known)
  if (known.length === 0) return linearScale(0, 1, from, to, ticks)
  return max / min > LOG_FACTOR
    ? logScale(min / 1.1, max * 1.05, from, to, ticks)
    : linearScale(0, max, from, to, ticks)
}

/** A linear scale over at least `low` to `high`. */
export function linearScale(low: number, high: number, from: number, to: number, count = 5): Scale {
  const step = niceStep((high - low) / count)
  const ticks: number[] = []
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k++)
    ticks.push(Number((k * step).toPrecision(12)))
  const pixels = (to - from) / (high - low || 1)
  return { at: (value) => from + (value - low) * pixels, ticks, isLog: false }
}

/** A logarithmic scale over at least `low` to `high`. Values at or below zero stand at its beginning. */
export function logScale(low: number, high: number, from: number, to: number, count = 6): Scale {
  const begin = Math.log10(low)
  const span = Math.log10(high) - begin || 1
  const all: number[] = []
  for (let k = Math.floor(begin); k <= Math.ceil(begin + span); k++) for (const m of [1, 2, 5]) all.push(m * 10 ** k)
  const inside = all
    .map((tick) => Number(tick.toPrecision(6)))
    .filter((tick) => tick >= low * 0.999 && tick <= high * 1.001)
  const decades = inside.filter((tick) => Number.isInteger(Number(Math.log10(tick).toFixed(9))))
  const ticks = inside.length <= count + 2 || decades.length < 2 ? inside : decades
  const at = (value: number) => from + (Math.max(0, Math.log10(Math.max(value, low)) - begin) / span) * (to - from)
  return { at, ticks, isLog: true }
}

/** A tick as text, without digits that say nothing. */
export function tickText(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(0)
  return String(Number(value.toPrecision(4)))
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `step`. */
function niceStep(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 1
  const power = 10 ** Math.floor(Math.log10(step))
  const factor = [1, 2, 5].find((candidate) => candidate * power >= step * (1 - 1e-9)) ?? 10
  return factor * power
}
