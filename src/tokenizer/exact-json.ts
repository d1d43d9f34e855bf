import { messageOf, TokenizerError } from './tokenizer-error.ts'

/** Values that are looked at one by one, on the event loop: some 50 ms. Counted by what may separate them, in texts too. */
const MOST_VALUES = 200_000
/** Characters that cannot hold so many. */
const SURELY_FEW = 2 * MOST_VALUES

const KEY_OF_AN_INDEX = /^(?:0|[1-9]\d*)$/

/**
 * Parses JSON, and refuses with `inexact` what JavaScript would print differently from Python, in which engines render:
 * numbers whose spelling is lost (1.0, 1e3, integers beyond 2^53) and members that are named like array indexes, which
 * JavaScript moves to the front.
 *
 * @param printed Whether anything in this member of the whole is printed; what is not may be anything, as `temperature: 1.0`.
 */
export function parseExactJson(text: string, printed: (member: string) => boolean = () => true): unknown {
  if (text.length > SURELY_FEW && hasManyValues(text)) {
    throw new TokenizerError('inexact', `expected a body of at most ${MOST_VALUES} values, found more`)
  }
  const faults: Fault[] = []
  const places = new Map<unknown, Place>()
  const value = parse(text, function check(this: unknown, key: string, item: unknown, context?: Context) {
    const place = { holder: this, key }
    if (typeof item === 'object' && item !== null) places.set(item, place)
    if (typeof item === 'number' && context?.source !== String(item)) {
      faults.push({ ...place, found: `the number ${context?.source ?? String(item)}` })
    } else if (!Array.isArray(this) && KEY_OF_AN_INDEX.test(key)) {
      faults.push({ ...place, found: `a member named '${key}'` })
    }
    return item
  })
  const fault = faults.find((one) => printed(memberOf(one, value, places)))
  if (fault === undefined) return value
  const expected = 'expected values that render the same in JavaScript and Python'
  throw new TokenizerError('inexact', `${expected}, found ${fault.found}; the prompt's bytes are used instead`)
}

function hasManyValues(text: string): boolean {
  let values = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === COMMA || unit === BRACKET || unit === BRACE) values++
  }
  return values > MOST_VALUES
}

const COMMA = 0x2c
const BRACKET = 0x5b
const BRACE = 0x7b

/** Where a value stands. */
interface Place {
  readonly holder: unknown
  readonly key: string
}

interface Fault extends Place {
  readonly found: string
}

type Reviver = (this: unknown, key: string, item: unknown, context?: Context) => unknown

function parse(text: string, check: Reviver): unknown {
  try {
    return JSON.parse(text, check)
  } catch (error) {
    throw new TokenizerError('inexact', `expected JSON, found ${messageOf(error)}`, { cause: error })
  }
}

/** The member of the whole that something is in. */
function memberOf(place: Place, whole: unknown, places: ReadonlyMap<unknown, Place>): string {
  let at = place
  while (at.holder !== whole) {
    const above = places.get(at.holder)
    if (above === undefined) break
    at = above
  }
  return at.key
}

/** What engines of JavaScript since ES2026 hand to a reviver: the text of a primitive value. */
interface Context {
  readonly source?: string
}
