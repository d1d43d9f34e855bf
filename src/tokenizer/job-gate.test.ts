import { describe, expect, it } from 'vitest'
import { JobGate } from './job-gate.ts'

describe('a job gate', () => {
  it('lets so many run, so many wait, and refuses the next', async () => {
    const gate = new JobGate({ running: 2, waiting: 1 }, 'test')
    const started: string[] = []
    const ends: (() => void)[] = []
    const job = (name: string) => () =>
      new Promise<string>((resolve) => {
        started.push(name)
        ends.push(() => resolve(name))
      })
    const a = gate.run(job('a'))
    const b = gate.run(job('b'))
    const c = gate.run(job('c'))
    await expect(gate.run(job('d'))).rejects.toThrow('test: expected room for one more, found 2 running and 1 waiting')
    expect(started).toEqual(['a', 'b'])
    ends[0]?.()
    expect(await a).toBe('a')
    expect(started).toEqual(['a', 'b', 'c'])
    ends[1]?.()
    ends[2]?.()
    expect(await Promise.all([b, c])).toEqual(['b', 'c'])
    expect(gate.full).toBe(false)
  })

  it('gives up the wait when the signal fires, and keeps the place of a job under way until it ends', async () => {
    const gate = new JobGate({ running: 1, waiting: 5 }, 'test')
    const first = Promise.withResolvers<void>()
    const running = new AbortController()
    const waiting = new AbortController()
    const a = gate.run(() => first.promise, running.signal)
    const b = gate.run(() => Promise.reject(new Error('never started')), waiting.signal)
    running.abort(new Error('left a'))
    waiting.abort(new Error('left b'))
    await expect(a).rejects.toThrow('left a')
    await expect(b).rejects.toThrow('left b')
    expect([gate.full, gate.waiting]).toEqual([true, 0])
    first.resolve()
    await expect(gate.run(async () => 'next')).resolves.toBe('next')
    await expect(gate.run(async () => 'no', AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    expect(gate.full).toBe(false)
  })

  it('goes on after a job that failed', async () => {
    const gate = new JobGate({ running: 1, waiting: 1 }, 'test')
    await expect(gate.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await gate.run(async () => 1)).toBe(1)
  })
})
