import { describe, expect, it } from 'vitest'
import { EndpointSpeed } from './endpoint-speed.ts'

/** Sends prompts to an engine that does one after the other, each in `factor` times its modelled time. */
function prefillAt(speed: EndpointSpeed, factor: number, rounds: number, gap: number): void {
  let freeAt = 0
  for (let i = 0; i < rounds; i++) {
    const sentAt = i * gap
    const own = 0.1 + 0.05 * (i % 3)
    const ahead = Math.max(0, freeAt - sentAt) / factor
    freeAt = Math.max(freeAt, sentAt) + factor * own
    speed.firstToken({ sentAt, now: freeAt, own, predicted: ahead + own, plainBefore: 0, plainNow: 0 })
  }
}

describe('EndpointSpeed', () => {
  it.each([4, 0.25, 1])('learns from first tokens that prefill takes %d times as long', (factor) => {
    // One at a time, and many at once: what waits for others is not taken for slow.
    for (const gap of [10, 0]) {
      const speed = new EndpointSpeed()
      expect([speed.prefill, speed.error]).toEqual([undefined, undefined])
      prefillAt(speed, factor, 60, gap)
      expect(speed.prefill).toBeCloseTo(factor, 9)
      expect(speed.decode).toBeUndefined()
    }
  })

  it('is told its error until it has learned the speed, which it then keeps small', () => {
    const speed = new EndpointSpeed()
    prefillAt(speed, 4, 3, 10)
    expect(speed.error).toBeCloseTo(0.75, 9)
    prefillAt(speed, 4, 100, 10)
    expect(speed.error).toBeLessThan(0.05)
  })

  it('has a large error where times follow no rule', () => {
    const speed = new EndpointSpeed()
    for (let i = 0; i < 60; i++) {
      const sentAt = 100 * i
      const now = sentAt + (i % 2 === 0 ? 0.1 : 10)
      speed.firstToken({ sentAt, now, own: 1, predicted: 1, plainBefore: 0, plainNow: 0 })
    }
    expect(speed.error).toBeGreaterThan(0.5)
  })

  it.each([4, 0.25])('learns from streamed answers that decoding takes %d times as long', (factor) => {
    const speed = new EndpointSpeed()
    for (let i = 0; i < 3; i++) {
      speed.decoded({ tokens: 101, seconds: 100 * 0.01 * factor, stepSeconds: 0.01, prefillSeconds: 0 })
    }
    expect(speed.decode).toBeCloseTo(factor, 9)
    expect(speed.prefill).toBeUndefined()
  })

  it('takes off the time in which others were prefilled, at the speed it has learned', () => {
    const speed = new EndpointSpeed()
    prefillAt(speed, 2, 3, 10)
    for (let i = 0; i < 3; i++) {
      speed.decoded({ tokens: 101, seconds: 3 * 1 + 2 * 0.5, stepSeconds: 0.01, prefillSeconds: 0.5 })
    }
    expect(speed.decode).toBeCloseTo(3, 9)
  })

  it('learns nothing of decoding from short answers, nor from those that mostly waited for prefills', () => {
    const speed = new EndpointSpeed()
    for (let i = 0; i < 5; i++) {
      speed.decoded({ tokens: 7, seconds: 1, stepSeconds: 0.01, prefillSeconds: 0 })
      speed.decoded({ tokens: 101, seconds: 1, stepSeconds: 0.01, prefillSeconds: 0.85 })
    }
    expect(speed.decode).toBeUndefined()
  })

  it.each([4, 0.25])('learns from plain answers that everything takes %d times as long', (factor) => {
    const speed = new EndpointSpeed()
    for (let i = 1; i <= 5; i++) speed.answered(factor * (0.2 + i), 0.2, i)
    expect(speed.prefill).toBeCloseTo(factor, 9)
    expect(speed.decode).toBeCloseTo(factor, 9)
  })

  it('blames prefill alone for a plain answer that decodes nothing', () => {
    const speed = new EndpointSpeed()
    for (let i = 0; i < 5; i++) speed.answered(0.6, 0.2, 0)
    expect([speed.prefill, speed.decode]).toEqual([expect.closeTo(3, 9), undefined])
  })

  it('lets a plain answer blame both speeds in proportion to what is known of them', () => {
    const speed = new EndpointSpeed()
    prefillAt(speed, 2, 3, 10)
    for (let i = 0; i < 3; i++) speed.decoded({ tokens: 101, seconds: 3, stepSeconds: 0.01, prefillSeconds: 0 })
    // As it was expected: nothing changes.
    speed.answered(2 * 1 + 3 * 1, 1, 1)
    expect([speed.prefill, speed.decode]).toEqual([expect.closeTo(2, 9), expect.closeTo(3, 9)])
    // All of it took twice as long: both move towards twice what they were.
    speed.answered(2 * (2 * 1 + 3 * 1), 1, 1)
    expect(speed.prefill).toBeGreaterThan(2.8)
    expect(speed.prefill).toBeLessThan(4)
    expect(speed.decode).toBeGreaterThan(3.5)
    expect(speed.decode).toBeLessThan(6)
  })

  it('counts the prefills of plain answers between two first tokens', () => {
    const speed = new EndpointSpeed()
    // Every streamed request comes behind a plain one of 2 s, and takes 1 s itself.
    for (let i = 0; i < 10; i++) {
      const sentAt = 10 * i
      speed.firstToken({ sentAt, now: sentAt + 3, own: 1, predicted: 3, plainBefore: 2 * i, plainNow: 2 * i + 2 })
    }
    expect(speed.prefill).toBeCloseTo(1, 9)
  })

  it('begins the next prefill with a first token that says nothing', () => {
    const speed = new EndpointSpeed()
    for (let i = 0; i < 10; i++) {
      speed.passed(10 * i + 5, 0)
      speed.firstToken({ sentAt: 10 * i, now: 10 * i + 6, own: 1, predicted: 6, plainBefore: 0, plainNow: 0 })
    }
    expect(speed.prefill).toBeCloseTo(1, 9)
  })
})
