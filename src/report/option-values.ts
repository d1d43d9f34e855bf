import { InputError } from './input-error.ts'

/** What a number given as an option must be. */
export interface NumberRule {
  readonly whole?: boolean
  readonly min: number
  /** Whether `min` itself is refused. */
  readonly above?: boolean
  readonly max?: number
}

/** A whole number of at least one. */
export const COUNT: NumberRule = { whole: true, min: 1 }
/** A number above zero. */
export const POSITIVE: NumberRule = { min: 0, above: true }
/** Zero or more. */
export const NOT_NEGATIVE: NumberRule = { min: 0 }
/** A share of 1. */
export const SHARE: NumberRule = { min: 0, max: 1 }

/** Reads a number; undefined stays undefined. @throws InputError naming the flag, what it expects and what it got */
export function readNumber(flag: string, text: string | undefined, rule: NumberRule): number | undefined {
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text)
  const tooSmall = rule.above === true ? value <= rule.min : value < rule.min
  const fits = Number.isFinite(value) && !tooSmall && value <= (rule.max ?? Infinity)
  if (!fits || (rule.whole === true && !Number.isInteger(value))) {
    throw new InputError(`${flag}: expected ${describeRule(rule)}, found ${text === '' ? 'nothing' : text}`)
  }
  return value
}

/** Reads one of several words. @throws InputError */
export function readChoice<T extends string>(
  flag: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new InputError(`${flag}: expected one of ${choices.join(', ')}; found ${text}`)
  return found
}

function describeRule(rule: NumberRule): string {
  const kind = rule.whole === true ? 'a whole number' : 'a number'
  const max = rule.max === undefined ? '' : ` and at most ${rule.max}`
  return `${kind} ${rule.above === true ? `above ${rule.min}` : `of at least ${rule.min}`}${max}`
}
