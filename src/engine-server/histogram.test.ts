import { expect, test } from 'vitest'
import { Histogram } from './histogram.ts'

test('counts cumulatively, with the upper end in the bucket', () => {
  const histogram = new Histogram([0.1, 1])
  histogram.observe(0.1)
  histogram.observe(0.5, 3)
  histogram.observe(7)
  expect(histogram.lines('x', 'engine="0"')).toBe(
    'x_bucket{le="0.1",engine="0"} 1\n' +
      'x_bucket{le="1",engine="0"} 4\n' +
      'x_bucket{le="+Inf",engine="0"} 5\n' +
      'x_count{engine="0"} 5\n' +
      'x_sum{engine="0"} 8.6\n',
  )
})
