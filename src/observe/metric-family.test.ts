import { expect, it } from 'vitest'
import { Distribution, MetricFamily, Tally } from './metric-family.ts'

it('writes counters in the text format, label values escaped', () => {
  const family = new MetricFamily('counter', 'kvasir_x_total', 'What x is', ['model', 'reason'], () => new Tally())
  family.at('a"b\\c\nd', 'r').add()
  family.at('a"b\\c\nd', 'r').add(2.5)
  family.at('m', '').add(0)
  expect(family.text()).toBe(
    '# HELP kvasir_x_total What x is\n# TYPE kvasir_x_total counter\n' +
      'kvasir_x_total{model="a\\"b\\\\c\\nd",reason="r"} 3.5\nkvasir_x_total{model="m",reason=""} 0\n',
  )
})

it('writes histograms with cumulative buckets, sum and count', () => {
  const family = new MetricFamily('histogram', 'h_seconds', 'h', ['e'], () => new Distribution([0.1, 1]))
  for (const value of [0.05, 0.1, 0.5, 7]) family.at('x').observe(value)
  expect(family.text().split('\n').slice(2)).toEqual([
    'h_seconds_bucket{e="x",le="0.1"} 2',
    'h_seconds_bucket{e="x",le="1"} 3',
    'h_seconds_bucket{e="x",le="+Inf"} 4',
    'h_seconds_sum{e="x"} 7.65',
    'h_seconds_count{e="x"} 4',
    '',
  ])
})

it('has no braces without labels, and only its head without members', () => {
  const family = new MetricFamily('gauge', 'g', 'help', [], () => new Tally())
  expect(family.text()).toBe('# HELP g help\n# TYPE g gauge\n')
  family.at().add(1)
  expect(family.text()).toContain('\ng 1\n')
})

it('ends the series of a label value, and starts anew when it comes back', () => {
  const family = new MetricFamily('counter', 'c', 'c', ['endpoint', 'kind'], () => new Tally())
  family.at('a', 'x').add(5)
  family.at('b', 'x').add(1)
  family.remove('endpoint', 'a')
  family.remove('nobody', 'b')
  expect(family.text().split('\n').slice(2)).toEqual(['c{endpoint="b",kind="x"} 1', ''])
  expect(family.at('a', 'x').value).toBe(0)
})
