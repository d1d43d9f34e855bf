import { z } from 'zod'
import { DURATION, formatQuantity, parseQuantity, type QuantityKind, SIZE, TOKENS } from './quantity.ts'

/*
 * The forms of single values. A message that starts with "expected" is shown as it is; what was found, and where, is
 * added by `describeIssues`. The title becomes the type in the documentation and says how a value is printed.
 */

interface Range {
  readonly above?: number
  readonly max?: number
}

function quantity(title: string, kind: QuantityKind, { above = -1, max = Number.MAX_SAFE_INTEGER }: Range) {
  const error = `expected ${kind.expected}`
  return z
    .union([z.number(), z.string()], { error })
    .transform((written, context) => {
      const value = parseQuantity(kind, written)
      if (value === undefined) context.addIssue(error)
      else if (value <= above) context.addIssue(`${error}, above ${above}`)
      else if (value > max) context.addIssue(`${error}, at most ${formatQuantity(kind, max)}`)
      return value ?? 0
    })
    .meta({ title })
}

/** Longest duration that a timer can wait for, rounded down: 2^31 milliseconds. */
const LONGEST_TIMER = 24 * 86_400

/** Seconds; 0 is allowed and says that a limit is off. */
export const duration = () => quantity('duration', DURATION, { max: LONGEST_TIMER })

/** Seconds, more than 0. */
export const positiveDuration = () => quantity('duration', DURATION, { above: 0, max: LONGEST_TIMER })

/** Bytes, more than 0. */
export const size = () => quantity('size', SIZE, { above: 0 })

/** Tokens, more than 0. */
export const tokens = () => quantity('tokens', TOKENS, { above: 0 })

/** A whole number within bounds, both included. */
export function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  const error = `expected a whole number ${range}`
  return z.int({ error }).min(min, { error }).max(max, { error }).meta({ title: 'whole number' })
}

/** A TCP port; 0 takes any free one. */
export function port() {
  const error = 'expected a port from 0 to 65535'
  return z.int({ error }).min(0, { error }).max(65_535, { error }).meta({ title: 'port' })
}

/** Text that is not empty. */
export function text(expected = 'text') {
  const error = `expected ${expected}`
  return z
    .string({ error })
    .trim()
    .min(1, { error: `${error} that is not empty` })
    .meta({ title: 'text' })
}

/** Path of a URL, with a leading slash. */
export function urlPath() {
  const error = 'expected a path that starts with / and holds no spaces'
  return z
    .string({ error })
    .regex(/^\/[^\s#]*$/, { error })
    .meta({ title: 'path' })
}

/** Name of an HTTP header, in lower case. */
export function headerName() {
  const error = 'expected the name of an HTTP header'
  return z
    .string({ error })
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error })
    .toLowerCase()
    .meta({ title: 'header name' })
}

/** `true` or `false`. */
export const flag = () => z.boolean({ error: 'expected true or false' }).meta({ title: 'true or false' })
