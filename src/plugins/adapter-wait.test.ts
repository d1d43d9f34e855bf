import { expect, test } from 'vitest'
import { adapterWait } from './adapter-wait.ts'

test.each([
  ['loaded', 0],
  ['room', 0.1],
  [undefined, 0.1],
  ['waiting', 2.1],
  ['full', 4.1],
] as const)('an adapter that is %s can be used after %d s', (state, seconds) => {
  expect(adapterWait(state, 4)).toBeCloseTo(seconds, 12)
})
