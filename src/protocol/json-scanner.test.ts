import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodyBytes } from './testing/canonical-stream.ts'
import { type JsonFault, JsonScanner, MAX_DEPTH } from './json-scanner.ts'
import { ARRAY, FALSE, JsonTape, NULL, NUMBER, OBJECT, STRING, TRUE } from './json-tape.ts'

const tape = new JsonTape()
const scanner = new JsonScanner(tape)

function fault(body: string | Uint8Array): JsonFault | undefined {
  return scanner.scan(bodyBytes(body))
}

/** What the tape says, as JSON.parse would give it. */
function valueOf(node: number): unknown {
  switch (tape.kind(node)) {
    case STRING:
      return tape.string(node)
    case NUMBER:
      return tape.number(node)
    case TRUE:
      return true
    case FALSE:
      return false
    case NULL:
      return null
    default:
      return tape.kind(node) === ARRAY ? arrayOf(node) : objectOf(node)
  }
}

function arrayOf(node: number): unknown[] {
  const values: unknown[] = []
  for (let child = tape.first(node); child < tape.next(node); child = tape.next(child)) {
    if (tape.kind(child) !== NUMBER) values.push(valueOf(child))
    else {
      const numbers = tape.raw(child).split(',').map(Number)
      expect(tape.count(child)).toBe(numbers.length)
      values.push(...numbers)
    }
  }
  return values
}

function objectOf(node: number): object {
  expect(tape.kind(node)).toBe(OBJECT)
  const members: [string, unknown][] = []
  for (let key = tape.first(node); key < tape.next(node); key = tape.next(tape.next(key))) {
    members.push([tape.string(key), valueOf(tape.next(key))])
  }
  return Object.fromEntries(members)
}

/** JSON text of a value with white space and spellings that `pick` chooses, a number below its argument at a time. */
function spell(value: unknown, pick: (below: number) => number): string {
  const space = (): string => ['', '', '', ' ', '\n', ' \t\r\n  '][pick(6)]!
  const list = (parts: string[]): string => parts.map((part) => space() + part + space()).join(',')
  if (typeof value === 'string') return `"${Array.from(value.split(''), (unit) => spellUnit(unit, pick(8))).join('')}"`
  if (Array.isArray(value)) return `[${value.length === 0 ? space() : list(value.map((item) => spell(item, pick)))}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([key, item]) => `${spell(key, pick)}${space()}:${space()}${spell(item, pick)}`,
  )
  return `{${members.length === 0 ? space() : list(members)}}`
}

function spellUnit(unit: string, how: number): string {
  const code = unit.charCodeAt(0)
  const mustEscape = code < 0x20 || (code >= 0xd800 && code < 0xe000)
  if (how === 0 || (mustEscape && how < 6)) return `\\u${code.toString(16).padStart(4, '0')}`
  if (mustEscape || unit === '"' || unit === '\\') return JSON.stringify(unit).slice(1, -1)
  return unit === '/' && how === 1 ? '\\/' : unit
}

const unit = fc.oneof(fc.nat({ max: 0xffff }), fc.constantFrom(0x22, 0x2f, 0x5c, 0x0a, 0x41, 0xd83d, 0xde00))
const string = fc.array(unit, { maxLength: 20 }).map((units) => String.fromCharCode(...units))
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      string,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(fc.nat({ max: 200_000 }), { maxLength: 8 }),
    fc.array(tie('json'), { maxLength: 6 }),
    fc.dictionary(string, tie('json'), { maxKeys: 6 }),
  ),
}))
const choices = fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 40 })

function picker(numbers: number[]): (below: number) => number {
  let at = 0
  return (below) => numbers[at++ % numbers.length]! % below
}

describe('a valid text', () => {
  // Not compared with JSON.parse: that of Node 26 takes, once in some ten thousand such texts, one key for another.
  test('gives its value, however it is spelled', () => {
    fc.assert(
      fc.property(json, choices, (value, numbers) => {
        const text = spell(value, picker(numbers))
        expect(fault(text)).toBeUndefined()
        expect(JSON.stringify(valueOf(0))).toBe(JSON.stringify(value))
      }),
      { numRuns: 500 },
    )
  })

  test('gives each member as JSON.parse does: the last of its name, and null as none', () => {
    const name = fc.constantFrom('model', 'messages', 'n', '', 'mod\\u0065l', 'm', 'models')
    const members = fc.array(fc.tuple(name, fc.oneof(fc.nat(), fc.constant(null))), { maxLength: 8 })
    fc.assert(
      fc.property(members, (pairs) => {
        const text = `{${pairs.map(([key, value]) => `"${key}":${value}`).join()}}`
        const parsed = new Map<string, unknown>(Object.entries(JSON.parse(text)))
        expect(fault(text)).toBeUndefined()
        for (const key of ['model', 'messages', 'n', 'm', 'absent']) {
          const node = tape.get(0, key)
          expect(node < 0 ? null : tape.number(node)).toBe(parsed.get(key) ?? null)
        }
      }),
    )
  })

  test('may start with a byte order mark', () => {
    expect(fault('\ufeff {"a":1}')).toBeUndefined()
    expect(valueOf(0)).toEqual({ a: 1 })
    expect(fault('\ufeff\ufeff{}')?.offset).toBe(3)
  })

  test('keeps consecutive numbers together', () => {
    fault(`[${Array.from({ length: 100_000 }, (_, i) => i).join(', ')}]`)
    expect(tape.count(tape.first(0))).toBe(100_000)
    expect(tape.isNatural(tape.first(0))).toBe(true)
    fault('[1,2,-3,"a",4]')
    expect(valueOf(0)).toEqual([1, 2, -3, 'a', 4])
    expect(tape.isNatural(tape.first(0))).toBe(false)
  })

  test('is known to be canonical where it is', () => {
    const canonical = (text: string): boolean => fault(text) === undefined && tape.isCanonical(0)
    expect(canonical('{"a":[1,2,{"b\\n":"\\\\"}],"c":null}')).toBe(true)
    expect(canonical('  {"a":1}\n')).toBe(true)
    for (const text of ['{"a": 1}', '[1 ,2]', '[ ]', '{"\\u0061":1}', '[["\\/"]]', '{"a":[1,2\n]}']) {
      expect([text, canonical(text)]).toEqual([text, false])
    }
    fault('[ {"a":1} ]')
    expect(tape.isCanonical(tape.first(0))).toBe(true)
  })
})

describe('a wrong text', () => {
  test.each([
    ['', 0, 'a JSON value'],
    ['  ', 2, 'a JSON value'],
    ['{', 1, 'a member name in double quotes'],
    ['{"a":1,}', 7, 'a member name in double quotes'],
    ["{'a':1}", 1, 'a member name in double quotes'],
    ['{"a" 1}', 5, "':' after a member name"],
    ['{"a":}', 5, 'a JSON value'],
    ['{"a":1 "b":2}', 7, "',' or '}' after a member"],
    ['[1 2]', 3, "',' or ']' after an element"],
    ['[1,]', 3, 'a JSON value'],
    ['[1', 2, "',' or ']' after an element"],
    ['[1}', 2, "',' or ']' after an element"],
    ['{} x', 3, 'nothing after the JSON value'],
    ['tru', 0, 'a JSON value'],
    ['nul1', 0, 'a JSON value'],
    ['01', 1, 'no digit after a leading 0'],
    ['-', 1, 'a digit'],
    ['[1,-]', 4, 'a digit'],
    ['1.', 2, 'a digit after the decimal point'],
    ['1e+', 3, 'a digit of the exponent'],
    ['.5', 0, 'a JSON value'],
    ['"a', 2, 'the closing quote of a string'],
    ['"a\tb"', 2, 'no raw control character in a string; write it as an escape'],
    ['"\\x"', 2, 'an escape of JSON: one of "\\/bfnrt, or u and four hexadecimal digits'],
  ])('%j fails at byte %i: expected %s', (text, offset, expected) => {
    expect(fault(text)).toEqual({ offset, expected })
  })

  test('is one that is nested too deeply', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    expect(fault(nested(MAX_DEPTH))).toBeUndefined()
    expect(fault(nested(MAX_DEPTH + 1))).toEqual({ offset: MAX_DEPTH, expected: 'at most 512 levels of nesting' })
    expect(fault('{"a":'.repeat(100_000))?.expected).toBe('at most 512 levels of nesting')
  })

  test('is the same for JSON.parse, whatever bytes are changed', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('"\\{}[]:,0-.eEtnu/ \n'))),
    )
    const decoder = new TextDecoder()
    fc.assert(
      fc.property(json, choices, fc.array(change, { maxLength: 3 }), fc.nat(), (value, numbers, changes, cut) => {
        const whole = bodyBytes(spell({ a: value, b: [1, value] }, picker(numbers)))
        const bytes = cut % 4 === 0 ? whole.slice(0, cut % (whole.length + 1)) : whole
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
        expect(fault(bytes) === undefined).toBe(parses(decoder.decode(bytes)))
      }),
      { numRuns: 2000 },
    )
  })
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
