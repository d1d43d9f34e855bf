import { parseQuantity, TOKENS } from '../config/quantity.ts'
import { InputError } from '../report/input-error.ts'
import { readNumber } from '../report/option-values.ts'
import type { NumberRule } from '../report/option-values.ts'

/** The parts of a list such as `4,8,16`. @throws InputError for an empty part or one that stands there twice */
export function readList<T>(flag: string, text: string, read: (part: string) => T): T[] {
  const parts = text.split(',').map((part) => part.trim())
  const twice = parts.find((part, index) => parts.indexOf(part) < index)
  if (twice !== undefined) throw new InputError(`${flag}: expected different values, found ${twice} twice`)
  return parts.map((part) => {
    if (part === '') throw new InputError(`${flag}: expected values separated by commas, found ${text}`)
    return read(part)
  })
}

/** Numbers such as `1,1.5,2`. @throws InputError */
export function readNumbers(flag: string, text: string, rule: NumberRule): number[] {
  return readList(flag, text, (part) => readNumber(flag, part, rule) ?? 0)
}

/** Tokens such as `300k,1M`. @throws InputError */
export function readTokens(flag: string, text: string, min: number): number[] {
  return readList(flag, text, (part) => {
    const tokens = parseQuantity(TOKENS, part)
    if (tokens !== undefined && tokens >= min) return tokens
    throw new InputError(`${flag}: expected ${TOKENS.expected}, at least ${min}; found ${part}`)
  })
}
