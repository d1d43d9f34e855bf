import type { ConfigProblem, FileOrigin, Origin } from './problem.ts'

const WIDEST = 120

/**
 * All problems as text for a terminal or a log: where, what was expected, what was found, the line with a caret, and
 * what to do. In the order of the file, then environment, then flags.
 */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .toSorted((a, b) => rank(a.origin) - rank(b.origin))
    .map(formatProblem)
    .join('\n')
}

function rank(origin: Origin): number {
  if (origin.kind === 'file') return origin.line + origin.column / 1e6
  return { environment: 1e9, flag: 2e9, none: 3e9 }[origin.kind]
}

function formatProblem({ path, message, hint, origin }: ConfigProblem): string {
  const head = [where(origin), path, message].filter((part) => part !== '').join(': ')
  const lines = [head]
  if (origin.kind === 'file') lines.push(...excerpt(origin))
  if (hint !== undefined) lines.push(`  ${hint}`)
  return lines.join('\n')
}

function where(origin: Origin): string {
  if (origin.kind === 'file') return `${origin.file}:${origin.line}:${origin.column}`
  if (origin.kind === 'environment') return `environment variable ${origin.variable}`
  return origin.kind === 'flag' ? origin.flag : ''
}

/** The line and a caret under the fault; a long line is cut on both sides. */
function excerpt({ excerpt: line, line: number, column, length }: FileOrigin): string[] {
  if (line.trim() === '') return []
  const from = column > WIDEST - 20 ? column - 40 : 0
  const shown = line.slice(from, from + WIDEST)
  const before = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - before.length)))
  const gutter = String(number)
  return [`  ${gutter} | ${shown}`, `  ${' '.repeat(gutter.length)} | ${before}${carets}`]
}
