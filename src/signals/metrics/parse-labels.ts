/** The labels between two braces, and where the line goes on behind them. */
export interface ParsedLabels {
  readonly labels: ReadonlyMap<string, string>
  readonly next: number
}

const LABEL_NAME = /^[^\s"{},=]+$/
const BACKSLASH = 92
const QUOTE = 34

/**
 * Reads `{name="value",...}` of a sample line; `open` is the position of the opening brace. Undefined when the braces hold
 * something else. Escapes are `\\`, `\"` and `\n`; before any other character a backslash stands for itself. A comma
 * before the closing brace and blanks anywhere between the parts are fine, as the format demands.
 */
export function parseLabels(line: string, open: number): ParsedLabels | undefined {
  const labels = new Map<string, string>()
  let at = skipBlanks(line, open + 1)
  while (line[at] !== '}') {
    const equals = line.indexOf('=', at)
    if (equals < 0) return undefined
    const name = line.slice(at, equals).trim()
    const quote = skipBlanks(line, equals + 1)
    if (line[quote] !== '"' || !LABEL_NAME.test(name)) return undefined
    const close = closingQuote(line, quote + 1)
    if (close < 0) return undefined
    labels.set(name, unescape(line.slice(quote + 1, close)))
    at = skipBlanks(line, close + 1)
    if (line[at] === ',') at = skipBlanks(line, at + 1)
    else if (line[at] !== '}') return undefined
  }
  return { labels, next: at + 1 }
}

/** The first position from `at` on that is neither a space nor a tab. */
export function skipBlanks(line: string, at: number): number {
  while (line[at] === ' ' || line[at] === '\t') at += 1
  return at
}

function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === BACKSLASH) at += 1
    else if (code === QUOTE) return at
  }
  return -1
}

function unescape(value: string): string {
  if (!value.includes('\\')) return value
  return value.replaceAll(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
}
