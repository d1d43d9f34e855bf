import { messageOf, TokenizerError } from './tokenizer-error.ts'

const KEY_OF_AN_INDEX = /^(?:0|[1-9]\d*)$/

/**
 * Parses JSON, and refuses with `inexact` what JavaScript would print differently from Python, in which engines render:
 * numbers whose spelling is lost (1.0, 1e3, integers beyond 2^53) and members that are named like array indexes, which
 * JavaScript moves to the front.
 */
export function parseExactJson(text: string): unknown {
  const inexact: string[] = []
  try {
    const value: unknown = JSON.parse(
      text,
      function check(this: unknown, key: string, item: unknown, context?: Context) {
        if (typeof item === 'number' && context?.source !== String(item)) {
          inexact.push(`the number ${context?.source ?? String(item)}`)
        } else if (!Array.isArray(this) && KEY_OF_AN_INDEX.test(key)) inexact.push(`a member named '${key}'`)
        return item
      },
    )
    if (inexact.length === 0) return value
  } catch (error) {
    throw new TokenizerError('inexact', `expected JSON, found ${messageOf(error)}`, { cause: error })
  }
  const expected = 'expected values that render the same in JavaScript and Python'
  throw new TokenizerError('inexact', `${expected}, found ${inexact[0] ?? ''}; the prompt's bytes are used instead`)
}

/** What engines of JavaScript since ES2026 hand to a reviver: the text of a primitive value. */
interface Context {
  readonly source?: string
}
