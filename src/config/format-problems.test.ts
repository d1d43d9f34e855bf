import { expect, test } from 'vitest'
import { formatProblems } from './format-problems.ts'
import { loadText } from './testing/load-text.ts'

test('problems are shown with their line and a caret, in the order of the file, then variables, then flags', () => {
  const text = 'endpoints: [http://a:1]\nlimits:\n  attempts: 0\nlogg: {}\n'
  const result = loadText(text, { env: { KVASIR_PORTT: '1' }, flags: { port: 'x' } })
  expect(result.ok ? '' : formatProblems(result.problems)).toBe(
    `kvasir.yaml:3:13: limits.attempts: expected a whole number from 1 to 100, found 0
  3 |   attempts: 0
    |             ^
kvasir.yaml:4:1: logg: there is no such key
  4 | logg: {}
    | ^^^^
  did you mean log?
environment variable KVASIR_PORTT: no key has this variable
--port: listen.port: expected a port from 0 to 65535, found "x"`,
  )
})

test('tabs stay tabs under the line, and a long line is cut around the fault', () => {
  const origin = { kind: 'file', file: 'f', line: 12, column: 4, excerpt: '\ta: b', length: 9 } as const
  expect(formatProblems([{ path: 'a', message: 'm', origin }])).toBe('f:12:4: a: m\n  12 | \ta: b\n     | \t  ^^')
  const long = { ...origin, column: 301, excerpt: `${'-'.repeat(300)}X${'-'.repeat(300)}`, length: 1 }
  const [, line = '', caret = ''] = formatProblems([{ path: 'a', message: 'm', origin: long }]).split('\n')
  expect(line.length).toBeLessThan(130)
  expect(line[caret.indexOf('^')]).toBe('X')
})
