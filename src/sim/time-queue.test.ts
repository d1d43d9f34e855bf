import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EngineClock } from './engine-clock.ts'
import { TimeQueue } from './time-queue.ts'

test('gives events back in order of time, equal ones as they came', () => {
  const step = fc.oneof({ weight: 3, arbitrary: fc.nat(5) }, { weight: 2, arbitrary: fc.constant('take' as const) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const queue = new TimeQueue()
      const model: { at: number; subject: number }[] = []
      for (const [subject, at] of steps.entries()) {
        if (at !== 'take') {
          queue.add(at, at % 3, subject)
          model.push({ at, subject })
          model.sort((a, b) => a.at - b.at || a.subject - b.subject)
        } else if (model.length > 0) {
          const first = model.shift()!
          expect(queue.firstAt).toBe(first.at)
          queue.take()
          expect([queue.kind, queue.subject]).toEqual([first.at % 3, first.subject])
        }
        expect(queue.size).toBe(model.length)
        expect(queue.firstAt).toBe(model[0]?.at ?? Infinity)
      }
    }),
  )
})

test('the engine clock knows which engine is first, the lowest number among equals', () => {
  const change = fc.record({ engine: fc.nat(6), at: fc.constantFrom(0, 1, 2, 3, 4, Infinity) })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
      const clock = new EngineClock(7)
      const times = Array.from({ length: 7 }, () => Infinity)
      for (const { engine, at } of changes) {
        clock.set(engine, at)
        times[engine] = at
        expect(clock.firstAt).toBe(Math.min(...times))
        expect(clock.first).toBe(times.indexOf(clock.firstAt))
      }
    }),
  )
})
