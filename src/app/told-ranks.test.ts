import { expect, it } from 'vitest'
import { ToldRanks } from './told-ranks.ts'

it('takes the first count of several ranks at once', () => {
  const told = new ToldRanks()
  expect([told.take(1), told.count]).toEqual([false, 1])
  expect([told.take(4), told.count]).toEqual([true, 4])
})

it('believes another count only when it is told three times in a row', () => {
  const told = new ToldRanks()
  told.take(4)
  expect([told.take(3), told.take(3), told.take(4), told.take(3), told.take(3)]).not.toContain(true)
  expect(told.count).toBe(4)
  expect([told.take(3), told.count]).toEqual([true, 3])
  expect([told.take(1), told.take(8), told.take(8), told.take(8)]).toEqual([false, false, false, true])
})
