import { expect, it } from 'vitest'
import { describeOrders } from './ranks.ts'

it('a refusal shows that orders are taken, an answer that they are not, anything else nothing', () => {
  expect(describeOrders(4, 400).map(({ level, code }) => [level, code])).toEqual([['ok', 'ranks.orders']])
  expect(describeOrders(4, 200)).toMatchObject([{ level: 'problem', code: 'ranks.ignored' }])
  expect(describeOrders(4, 503)).toEqual([])
})
