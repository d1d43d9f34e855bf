import { expect, test } from 'vitest'
import { adapterInName } from './adapter-name.ts'

const BASES = new Map([
  ['sql', 'm'],
  ['8b', 'other'],
  ['law', 'qwen3:8b'],
  ['v2:fr', 'm'],
])
const ALIASES = new Map([['small', 'm']])

function adapter(name: string): string | undefined {
  return adapterInName(
    name,
    (of) => BASES.get(of),
    (of) => ALIASES.get(of) ?? of,
  )
}

test.each([
  ['m:sql', 'sql'],
  ['small:sql', 'sql'],
  ['qwen3:8b:law', 'law'],
  ['m:v2:fr', 'v2:fr'],
])('%s names the adapter %s', (name, expected) => {
  expect(adapter(name)).toBe(expected)
})

test.each(['', ':', ':sql', 'm:', 'm', 'sql', 'm:other', 'qwen3:8b', 'qwen3:8b:sql', 'm:law', 'm:sql:sql', 'M:sql'])(
  '%s names none',
  (name) => {
    expect(adapter(name)).toBeUndefined()
  },
)
