import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrefillQueue, type PrefillWork, type QueuedPrefill } from './prefill-queue.ts'

/** The queue as a list of what each has done so far, in seconds of modelled work. */
function slowQueue() {
  const waiting: { tokens: number; seconds: number; observed: boolean; done: number; id: number }[] = []
  let pace = 1
  let time = 0
  /** Works on the first until the time is up; unobserved work that is done makes room, observed work waits for its token. */
  function workUntil(now: number): void {
    let left = (now - time) / pace
    time = now
    for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
      const rest = head.seconds - head.done
      if (head.observed || rest > left) {
        head.done += left
        return
      }
      left -= rest
      waiting.shift()
    }
  }
  const shownDone = ({ done, seconds }: { done: number; seconds: number }) =>
    seconds > 0 ? Math.min(0.95, done / seconds) : 0
  const sum = (of: 'tokens' | 'seconds') =>
    waiting.reduce((total, work) => total + (1 - (work === waiting[0] ? shownDone(work) : 0)) * work[of], 0)
  return {
    workUntil,
    push: (work: PrefillWork, id: number) => waiting.push({ ...work, done: 0, id }),
    remove(id: number) {
      const at = waiting.findIndex((work) => work.id === id)
      if (at >= 0) waiting.splice(at, 1)
    },
    setPace(next: number) {
      pace = next
    },
    left: () => [sum('tokens'), sum('seconds')],
  }
}

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

  it('drains at the pace it is told, and keeps what was done before', () => {
    const queue = new PrefillQueue()
    queue.push({ tokens: 1000, seconds: 2, observed: true }, 10)
    queue.setPace(4, 11)
    queue.advance(11)
    expect([queue.tokens, queue.seconds]).toEqual([500, 1])
    queue.advance(13)
    expect([queue.tokens, queue.seconds]).toEqual([250, 0.5])
    queue.setPace(1, 13)
    queue.advance(13.25)
    expect([queue.tokens, queue.seconds]).toEqual([125, 0.25])
  })

  it('does what a list does, whatever happens in whatever order', () => {
    // Quarters are exact, so that whether work is done to the second is no matter of rounding.
    const quarter = fc.nat(12).map((n) => n / 4)
    const step = fc.record({
      wait: quarter,
      action: fc.constantFrom('push', 'push', 'remove', 'pace'),
      tokens: fc.nat(1000),
      seconds: quarter,
      observed: fc.boolean(),
      pace: fc.constantFrom(0.25, 0.5, 1, 2, 4),
      which: fc.nat(100),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new PrefillQueue()
        const model = slowQueue()
        const sent: QueuedPrefill[] = []
        let now = 0
        for (const { wait, action, tokens, seconds, observed, pace, which } of steps) {
          now += wait
          queue.advance(now)
          model.workUntil(now)
          if (action === 'push') {
            model.push({ tokens, seconds, observed }, sent.length)
            sent.push(queue.push({ tokens, seconds, observed }, now))
          } else if (action === 'pace') {
            model.setPace(pace)
            queue.setPace(pace, now)
          } else if (sent.length > 0) {
            const id = which % sent.length
            model.remove(id)
            queue.remove(sent[id]!, now)
          }
          queue.advance(now)
          model.workUntil(now)
          const [tokensLeft = Number.NaN, secondsLeft = Number.NaN] = model.left()
          expect(queue.tokens).toBeCloseTo(tokensLeft, 6)
          expect(queue.seconds).toBeCloseTo(secondsLeft, 6)
        }
      }),
      { numRuns: 500 },
    )
  })
})
