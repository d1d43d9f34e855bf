/** The third argument of a reviver, which newer engines of JavaScript pass. */
interface Source {
  readonly source?: string
}

const BIGINT_MARK = '\u0000bigint:'
const MARKED = /"\\u0000bigint:(-?\d+)"/g

/** `JSON.parse`, but integers that a double cannot hold become `bigint`. Throws a `SyntaxError` as it does. */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text, (_name, read: unknown, context?: Source) => {
    if (typeof read !== 'number' || Number.isSafeInteger(read)) return read
    const source = context?.source
    return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : read
  })
  return value
}

/** `JSON.stringify` that writes a `bigint` as the integer it is. */
export function writeExactJson(value: unknown): string {
  const text = JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'bigint' ? `${BIGINT_MARK}${part}` : part,
  )
  return text.replaceAll(MARKED, '$1')
}
