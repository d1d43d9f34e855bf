import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrefillQueue, type QueuedPrefill } from './prefill-queue.ts'

describe('PrefillQueue', () => {
  it('counts what remains, not what was sent', () => {
    const queue = new PrefillQueue()
    queue.push({ tokens: 1000, seconds: 2, observed: true }, 10)
    queue.push({ tokens: 500, seconds: 1, observed: true }, 10)
    queue.advance(11)
    expect([queue.tokens, queue.seconds]).toEqual([1000, 2])
    queue.advance(11.5)
    expect([queue.tokens, queue.seconds]).toEqual([750, 1.5])
  })

  it('keeps a twentieth of an overdue observed head, and starts the next only when its token came', () => {
    const queue = new PrefillQueue()
    const first = queue.push({ tokens: 100, seconds: 1, observed: true }, 0)
    queue.push({ tokens: 100, seconds: 1, observed: true }, 0)
    queue.advance(50)
    expect(queue.tokens).toBeCloseTo(105)
    queue.remove(first, 50)
    expect(queue.tokens).toBe(100)
    queue.advance(50.5)
    expect(queue.tokens).toBe(50)
  })

  it('lets unobserved work leave by the clock', () => {
    const queue = new PrefillQueue()
    queue.push({ tokens: 100, seconds: 1, observed: false }, 0)
    queue.push({ tokens: 100, seconds: 1, observed: false }, 0)
    queue.advance(1.5)
    expect(queue.tokens).toBe(50)
    queue.advance(2)
    expect([queue.tokens, queue.seconds]).toEqual([0, 0])
  })

  it('ignores work that has left already', () => {
    const queue = new PrefillQueue()
    const work = queue.push({ tokens: 100, seconds: 1, observed: true }, 0)
    queue.remove(work, 0)
    queue.remove(work, 0)
    expect(queue.tokens).toBe(0)
  })

  it('never leaks: with all work removed in any order nothing is left', () => {
    const work = fc.record({
      tokens: fc.nat(10_000),
      seconds: fc.double({ min: 0, max: 5, noNaN: true }),
      observed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(work, { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.nat(1000)), (works, chance) => {
        const queue = new PrefillQueue()
        const queued: QueuedPrefill[] = works.map((one, i) => queue.push(one, i / 10))
        let now = works.length / 10
        while (queued.length > 0) {
          const [one] = queued.splice((chance.next().value ?? 0) % queued.length, 1)
          now += 0.05
          if (one !== undefined) queue.remove(one, now)
          expect(queue.tokens).toBeGreaterThanOrEqual(0)
          const sum = queued.reduce((total, { tokens }) => total + tokens, 0)
          expect(queue.tokens).toBeLessThanOrEqual(sum + 1e-6)
        }
        expect([queue.tokens, queue.seconds]).toEqual([0, 0])
      }),
    )
  })
})
