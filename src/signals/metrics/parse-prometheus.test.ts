import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../testing/fixture.ts'
import { parsePrometheus, type ParsedPage } from './parse-prometheus.ts'

type Series = readonly [name: string, labels: readonly (readonly [string, string])[], value: number]

/** Every sample of a page, family by family. */
function series(page: ParsedPage): Series[] {
  if ('notMetrics' in page) throw new Error(`no metrics but ${page.notMetrics}`)
  return [...page.families].flatMap(([name, samples]) =>
    samples.map(({ labels, value }): Series => [name, [...labels], value]),
  )
}

function parse(text: string, ...wanted: string[]): Series[] {
  return series(parsePrometheus(text, new Set(wanted)))
}

describe('a line', () => {
  it('may have labels, a timestamp, and an exemplar', () => {
    expect(parse('a 1\n', 'a')).toEqual([['a', [], 1]])
    expect(parse('a{} 1', 'a')).toEqual([['a', [], 1]])
    expect(parse('a:b_c{x="1",y="2"} 1.5 1763631300000\n', 'a:b_c')).toEqual([
      [
        'a:b_c',
        [
          ['x', '1'],
          ['y', '2'],
        ],
        1.5,
      ],
    ])
    expect(parse('a_bucket{le="1"} 4 # {trace_id="}9 8"} 0.5 1.7e9\n', 'a_bucket')).toEqual([
      ['a_bucket', [['le', '1']], 4],
    ])
    expect(parse('a 4 # {} 0.5\n', 'a')).toEqual([['a', [], 4]])
  })

  it('may be spaced as it likes, and end in CR LF', () => {
    expect(parse('\t a { x = "1" , y="2" , }\t 3 \r\nb\t4\r\n', 'a', 'b')).toEqual([
      [
        'a',
        [
          ['x', '1'],
          ['y', '2'],
        ],
        3,
      ],
      ['b', [], 4],
    ])
  })

  it('may have escapes, braces and commas in its labels', () => {
    expect(parse(String.raw`a{p="C:\\x\n\"y\"\d{,}=# z"} 1`, 'a')).toEqual([['a', [['p', 'C:\\x\n"y"\\d{,}=# z']], 1]])
    expect(parse('a{__proto__="x",constructor="y"} 1', 'a')).toEqual([
      [
        'a',
        [
          ['__proto__', 'x'],
          ['constructor', 'y'],
        ],
        1,
      ],
    ])
  })

  it.each([
    ['1e3', 1000],
    ['1.5E-3', 0.0015],
    ['+7', 7],
    ['-0.25', -0.25],
    ['.5', 0.5],
    ['5.', 5],
    ['NaN', Number.NaN],
    ['nan', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['inf', Number.POSITIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
  ])('reads %s', (text, value) => {
    expect(parse(`a ${text}\n`, 'a')).toEqual([['a', [], value]])
  })

  it('that is broken is left out and counted, the others are read', () => {
    const page = 'ok 1\na\na 0x10\na 1,5\na{x="1" 2\na{x=1} 2\na{x="1\na{} x\na{="1"} 3\na 9\n'
    const parsed = parsePrometheus(page, new Set(['a']))
    expect(series(parsed)).toEqual([['a', [], 9]])
    expect(parsed).toMatchObject({ malformed: 8 })
  })
})

describe('a page', () => {
  it('is read for the wanted families only, whose names are whole names', () => {
    const page = '# TYPE a counter\na_total 1\na_total_x 2\na 3\nab 4\nab{x="1"} 5\nb{a="a 6"} 7\na_total{x="2"} 8\n'
    expect(parse(page, 'a_total', 'nothing')).toEqual([
      ['a_total', [], 1],
      ['a_total', [['x', '2']], 8],
    ])
    expect(parse(page)).toEqual([])
    expect(parse('x 0\na 1\nab 2\na 3\n', 'ab')).toEqual([['ab', [], 2]])
  })

  it('may begin with a byte order mark or have comments alone', () => {
    expect(parse('\uFEFF# HELP a b\na 1', 'a')).toEqual([['a', [], 1]])
    expect(parse('# TYPE a gauge\n# EOF\n', 'a')).toEqual([])
  })

  it.each([
    ['', 'an empty body'],
    [' \n\r\n', 'an empty body'],
    ['<!DOCTYPE html><html><body>a 1\n</body></html>', 'HTML'],
    ['\n<html>', 'HTML'],
    ['{"error":"not found"}', 'JSON'],
    ['[\n {"iter": 1}\n]', 'JSON'],
    ['"no"', 'JSON'],
    ['404 page not found', 'text that is no metrics'],
    ['upstream connect error or disconnect/reset', 'text that is no metrics'],
    ['OK', 'text that is no metrics'],
    ['# a heading\n\nand a sentence.', 'text that is no metrics'],
  ])('that is %j is %s', (text, notMetrics) => {
    expect(parsePrometheus(text, new Set(['a']))).toMatchObject({ notMetrics })
  })

  it('that is something else is shown in short', () => {
    const parsed = parsePrometheus(`<html>\n<h1>Bad gateway</h1> ${'x'.repeat(5000)}`, new Set(['a']))
    expect(parsed).toMatchObject({ excerpt: expect.stringMatching(/^<html> <h1>Bad gateway<\/h1> x+\.\.\.$/) })
    expect('excerpt' in parsed ? parsed.excerpt.length : 0).toBeLessThan(100)
  })
})

const name = fc.oneof(fc.stringMatching(/^[ab]{1,3}$/), fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,12}$/))
const label = fc.tuple(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/), fc.string({ unit: 'binary', maxLength: 12 }))
const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Infinity, -Infinity))
const sample = fc.tuple(
  name,
  fc.uniqueArray(label, { maxLength: 4, selector: ([key]) => key }),
  value,
  fc.constantFrom('', ' 1763631300', ' # {id="a } b"} 1 2'),
)

function written(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

describe('any page', () => {
  it('is read as it was written, wanted families only', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1 }), fc.func(fc.boolean()), (samples, want) => {
        const text = samples
          .map(([name, labels, value, rest]) => {
            const inside = labels.map(([key, text]) => `${key}="${escaped(text)}"`).join(',')
            return `${name}${labels.length === 0 ? '' : `{${inside}}`} ${written(value)}${rest}\n`
          })
          .join('')
        const wanted = new Set(samples.map(([name]) => name).filter((name) => want(name)))
        const expected = samples
          .filter(([name]) => wanted.has(name))
          .map(([name, labels, value]): Series => [name, labels, Object.is(value, -0) ? 0 : value])
        const read = series(parsePrometheus(text, wanted)).map(([name, labels, value]): Series => [
          name,
          labels,
          Object.is(value, -0) ? 0 : value,
        ])
        const inOrder = (all: readonly Series[]): Series[] =>
          [...wanted].flatMap((name) => all.filter((one) => one[0] === name))
        expect(inOrder(read)).toEqual(inOrder(expected))
        expect(read).toHaveLength(expected.length)
      }),
    )
  })

  it('however broken, is read without an error, and other lines do not suffer', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom('a', '{', '}', '"', '\\', '=', ',', ' ', '\t', '\r', '\n', '#', '1', 'e', '.'),
        fc.string(),
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('')
        expect(() => parsePrometheus(text, new Set(['a']))).not.toThrow()
        const read = parse(`# TYPE good gauge\ngood{x="1"} 5\n${text}\ngood 6\n`, 'good')
        expect(read.slice(0, 1)).toEqual([['good', [['x', '1']], 5]])
        expect(read.at(-1)).toEqual(['good', [], 6])
      }),
    )
  })

  it('cut off anywhere has the values it had, up to the cut', () => {
    const page = fixture('vllm-two-ranks.txt')
    const wanted = new Set(['vllm:num_requests_running', 'vllm:kv_cache_usage_perc'])
    const whole = series(parsePrometheus(page, wanted))
    fc.assert(
      fc.property(fc.integer({ min: 200, max: page.length }), (length) => {
        const lines = page.slice(0, page.lastIndexOf('\n', length) + 1)
        const read = series(parsePrometheus(lines, wanted))
        expect(read).toEqual(whole.slice(0, read.length))
      }),
      { numRuns: 50 },
    )
  })
})
