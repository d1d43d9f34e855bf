import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WaitingQueue } from './waiting-queue.ts'

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.constant('push' as const) },
  { weight: 1, arbitrary: fc.constant('pushFront' as const) },
  { weight: 2, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.constant('remove' as const) },
)

test('behaves like a plain list', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(operation, fc.nat(50)), { maxLength: 120 }), (operations) => {
      const queue = new WaitingQueue<number>()
      const list: number[] = []
      for (const [number, [kind, at]] of operations.entries()) {
        if (kind === 'push') {
          queue.push(number)
          list.push(number)
        } else if (kind === 'pushFront') {
          queue.pushFront(number)
          list.unshift(number)
        } else if (kind === 'shift') {
          expect(queue.shift()).toBe(list.shift())
        } else {
          const victim = list[at] ?? -1
          expect(queue.remove(victim)).toBe(at < list.length)
          if (at < list.length) list.splice(at, 1)
        }
        expect(queue.length).toBe(list.length)
        expect(queue.peek()).toBe(list[0])
      }
      while (list.length > 0) expect(queue.shift()).toBe(list.shift())
    }),
  )
})
