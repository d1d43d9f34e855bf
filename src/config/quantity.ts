/** A kind of number that is written with a unit, such as a duration. */
export interface QuantityKind {
  /** What a message calls it, with examples. */
  readonly expected: string
  /** How much one of each unit is, in the base unit; `''` is what a bare number means. */
  readonly units: Readonly<Record<string, number>>
  /** Units that a formatted value may use. */
  readonly printed: readonly string[]
  /** True when several parts may follow each other, as in `1h30m`. */
  readonly compound: boolean
  /** True when the base unit cannot be divided (bytes, tokens): results are rounded up. */
  readonly whole: boolean
}

/** Seconds. A bare number is seconds; units are ms, s, m, h, d, and may be combined as in `1h30m`. */
export const DURATION: QuantityKind = {
  expected: 'a duration such as 5, 250ms, 5s or 2h',
  units: { '': 1, ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 },
  printed: ['d', 'h', 'm', 's', 'ms'],
  compound: true,
  whole: false,
}

/** Bytes. A bare number is bytes; KiB, MiB, GiB are powers of 1024; KB, MB, GB powers of 1000. */
export const SIZE: QuantityKind = {
  expected: 'a size such as 4096, 64MB or 32MiB',
  units: { '': 1, B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 },
  printed: ['GiB', 'MiB', 'KiB'],
  compound: false,
  whole: true,
}

/** Tokens. A bare number is tokens; k is a thousand, M a million. */
export const TOKENS: QuantityKind = {
  expected: 'a number of tokens such as 8192, 300k or 1M',
  units: { '': 1, k: 1e3, K: 1e3, M: 1e6 },
  printed: ['M', 'k'],
  compound: false,
  whole: true,
}

const PART = /(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*/gy

/**
 * The value of a written quantity in the kind's base unit (seconds, bytes, tokens), or undefined when it is none:
 * negative, without digits, or with a unit the kind does not know.
 */
export function parseQuantity(kind: QuantityKind, written: number | string): number | undefined {
  if (typeof written === 'number') return fromNumber(kind, written)
  const text = written.trim()
  const parts = [...text.matchAll(PART)]
  const length = parts.reduce((sum, part) => sum + part[0].length, 0)
  if (parts.length === 0 || length !== text.length || (parts.length > 1 && !kind.compound)) return undefined
  const values = parts.map(([, digits = '', unit = '']) => partValue(kind, digits, unit, parts.length === 1))
  const total = values.reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0)
  return fromNumber(kind, total)
}

/** One number with its unit; undefined when the kind has no such unit. Only a number alone may go without. */
function partValue(kind: QuantityKind, digits: string, unit: string, alone: boolean): number | undefined {
  const scale = Object.hasOwn(kind.units, unit) ? kind.units[unit] : undefined
  if (scale === undefined || (unit === '' && !alone)) return undefined
  // Dividing keeps what multiplying by 0.001 would round.
  return unit === 'ms' ? Number(digits) / 1000 : Number(digits) * scale
}

function fromNumber(kind: QuantityKind, value: number): number | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined
  return kind.whole ? Math.ceil(value) : value
}

/** Writes a value with the largest unit that divides it, so that parsing gives the same number back. */
export function formatQuantity(kind: QuantityKind, value: number): number | string {
  if (value === 0) return 0
  for (const unit of kind.printed) {
    const count = unit === 'ms' ? value * 1000 : value / (kind.units[unit] ?? 1)
    const text = `${count}${unit}`
    if (Number.isInteger(count) && parseQuantity(kind, text) === value) return text
  }
  return value
}
