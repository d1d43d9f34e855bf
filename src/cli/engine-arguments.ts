import { InvalidArgumentError } from 'commander'
import { TOKENS, parseQuantity } from '../config/quantity.ts'
import { PROFILE_NAMES } from '../engine/profiles.ts'

/** The name of a profile that there is. Like every parser here it throws an InvalidArgumentError that says what was expected. */
export function profileName(name: string): string {
  if (PROFILE_NAMES.includes(name)) return name
  throw new InvalidArgumentError(`Choose one of ${PROFILE_NAMES.join(', ')}.`)
}

/** A number of tokens, such as `300k`. */
export function tokens(text: string): number {
  const value = parseQuantity(TOKENS, text)
  if (value === undefined || value < 1) throw new InvalidArgumentError(`Expected ${TOKENS.expected}.`)
  return value
}

/** A whole number within limits. */
export function whole(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= low && value <= high) return value
    const range = high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`
    throw new InvalidArgumentError(`Expected a whole number ${range}.`)
  }
}

/** A number above 0. */
export function positive(text: string): number {
  return numeric(text, (value) => value > 0, 'a number above 0')
}

/** A number of 0 or more. */
export function notNegative(text: string): number {
  return numeric(text, (value) => value >= 0, 'a number of 0 or more')
}

/** A share from 0 to 1. */
export function share(text: string): number {
  return numeric(text, (value) => value >= 0 && value <= 1, 'a share from 0 to 1')
}

/** Names separated by commas. */
export function names(list: string): readonly string[] {
  return list.split(',').filter((name) => name !== '')
}

/** 3 or 4. */
export function replayFrames(text: string): number {
  if (text === '3' || text === '4') return Number(text)
  throw new InvalidArgumentError('Expected 3 or 4.')
}

function numeric(text: string, fits: (value: number) => boolean, expected: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && fits(value)) return value
  throw new InvalidArgumentError(`Expected ${expected}.`)
}
