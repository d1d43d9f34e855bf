import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { WaitingQueue } from './waiting-queue.ts'

interface Both {
  readonly queue: WaitingQueue<number>
  readonly list: number[]
}

/** An operation on queue and list, and what it returned from each. */
type Operation = (both: Both, number: number) => readonly [unknown, unknown]

const push: Operation = ({ queue, list }, number) => [queue.push(number), void list.push(number)]

const pushFront: Operation = ({ queue, list }, number) => [queue.pushFront(number), void list.unshift(number)]

const shift: Operation = ({ queue, list }) => [queue.shift(), list.shift()]

function remove(at: number): Operation {
  return ({ queue, list }) => [queue.remove(list[at] ?? -1), list.splice(at, 1).length === 1]
}

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.constant(push) },
  { weight: 1, arbitrary: fc.constant(pushFront) },
  { weight: 2, arbitrary: fc.constant(shift) },
  { weight: 1, arbitrary: fc.nat(50).map(remove) },
)

test('behaves like a plain list', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const both: Both = { queue: new WaitingQueue<number>(), list: [] }
      for (const [number, operate] of operations.entries()) {
        const [real, plain] = operate(both, number)
        expect(real).toBe(plain)
        expect(both.queue.length).toBe(both.list.length)
        expect(both.queue.peek()).toBe(both.list[0])
      }
      while (both.list.length > 0) expect(both.queue.shift()).toBe(both.list.shift())
    }),
  )
})
