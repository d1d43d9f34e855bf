import { describe, expect, test } from 'vitest'
import type { ConfigPath } from './problem.ts'
import { readYaml } from './yaml-source.ts'

describe('locate', () => {
  const text = `# comment
listen:
  host: "0.0.0.0"   # here
  port:
endpoints:
  - http://a:1
  - &two
    url: http://b:2
    labels: { gpu: h100, "a b": c }
  - *two
`
  const source = readYaml('kvasir.yaml', text)

  test.each<[ConfigPath, 'key' | 'value', string]>([
    [['listen', 'host'], 'value', '3:9 "0.0.0.0"'],
    [['listen', 'host'], 'key', '3:3 host'],
    [['listen', 'port'], 'value', '4:3 port'],
    [['listen', 'prt'], 'value', '2:1 listen'],
    [['endpoints', 0], 'value', '6:5 http://a:1'],
    [['endpoints', 1, 'labels', 'gpu'], 'value', '9:20 h100'],
    [['endpoints', 1, 'labels', 'a b'], 'key', '9:26 "a b"'],
    [['endpoints', 2, 'url'], 'value', '8:10 http://b:2'],
    [['endpoints', 2], 'value', '10:5 *two'],
    [['endpoints', 3], 'value', '5:1 endpoints'],
    [['nothing'], 'value', '2:1 listen:'],
  ])('%j by its %s', (path, part, expected) => {
    const { line, column, excerpt, length } = source.locate(path, part)
    expect(`${line}:${column} ${excerpt.slice(column - 1, column - 1 + length)}`).toBe(expected)
  })

  test('works with carriage returns, and in a file without values', () => {
    const place = { kind: 'file', file: 'f', line: 2, column: 4, excerpt: 'b: 2', length: 1 }
    expect(readYaml('f', 'a: 1\r\nb: 2\r\n').locate(['b'], 'value')).toEqual(place)
    expect(readYaml('f', '').locate(['a'], 'value')).toMatchObject({ line: 1, column: 1 })
  })
})

describe('problems', () => {
  const problems = (text: string) =>
    readYaml('f', text).problems.map(({ message, origin }) =>
      origin.kind === 'file' ? `${origin.line}:${origin.column} ${message}` : '',
    )

  test.each([
    ['a: 1\na: 2\n', /^2:1 expected each key once in a map, found it twice$/],
    ['a:\n\t- 1\n', /^2:1 not valid YAML: Tabs/],
    ['a: [1\nb: 2\n', /^2:\d+ not valid YAML: /],
    ['a: *b\n', /^1:4 not valid YAML: Unresolved alias/],
    ['a: !tag 1\n', /^1:4 not valid YAML: Unresolved tag/],
    ['a: 1\n---\nb: 2\n', /^2:1 not valid YAML: .*multiple documents/],
    [
      'a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n',
      /Excessive alias count/,
    ],
  ])('%j', (text, expected) => {
    expect(problems(text)[0]).toMatch(expected)
  })

  test('none, and an empty map, in a file of comments', () => {
    expect(readYaml('f', '# nothing\n')).toMatchObject({ tree: {}, problems: [] })
  })
})
