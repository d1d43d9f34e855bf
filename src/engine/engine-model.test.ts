import { describe, expect, test } from 'vitest'
import { EngineModel } from './engine-model.ts'
import type { EngineProfile } from './profile.ts'
import type { EngineRequest, Sequence } from './sequence.ts'
import { TokenKeys } from './token-keys.ts'

/** Blocks of 4 tokens, 16 tokens a step, and rates that make every step's time readable. */
const profile: EngineProfile = {
  name: 'readable',
  rates: {
    prefillBase: 1,
    prefillPerToken: 0.1,
    prefillPerPair: 0.01,
    decodeBase: 0.5,
    decodePerSequence: 0.05,
    decodePerKvToken: 0.001,
    overhead: 0.2,
  },
  kvTokens: 80,
  blockSize: 4,
  maxBatchedTokens: 16,
  maxSequences: 4,
}

interface Named extends EngineRequest {
  readonly name: string
}

/** A request whose prompt and answer tokens are given. */
function request(name: string, prompt: readonly number[], answer: readonly number[]): Named {
  const tokens = Uint32Array.from([...prompt, ...answer])
  const keys = new TokenKeys(4, tokens.length)
  keys.append(tokens, 0, tokens.length)
  return { name, keys: keys.keys(), promptTokens: prompt.length, outputTokens: answer.length }
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

class Log {
  readonly lines: string[] = []
  readonly steps: number[] = []

  stepped(at: number): void {
    this.steps.push(at)
  }

  firstToken(sequence: Sequence<Named>, at: number): void {
    this.lines.push(`${at.toFixed(4)} first ${sequence.request.name}`)
  }

  finished(sequence: Sequence<Named>, at: number): void {
    this.lines.push(`${at.toFixed(4)} finished ${sequence.request.name}`)
  }
}

function engine(changes: Partial<EngineProfile> = {}): EngineModel<Named> {
  return new EngineModel<Named>({ ...profile, ...changes })
}

test('a request alone: one prefill step, then one step per further token', () => {
  const model = engine()
  const log = new Log()
  model.submit(request('a', range(0, 10), range(100, 3)), 5)
  expect(model.nextEventAt()).toBe(5)
  model.advance(100, log)
  // 1 + 10 * 0.1 + 0.01 * 10 * 5 + 0.2 = 2.7, then 0.5 + 0.05 + 0.2 with 11 and 12 KV tokens.
  expect(log.lines).toEqual(['7.7000 first a', '9.2230 finished a'])
  expect(model.counters).toMatchObject({ promptTokens: 10, generationTokens: 3, finished: 1, prefixCacheQueries: 10 })
  expect(model.nextEventAt()).toBe(Infinity)
  expect(model.cache.used).toBe(0)
})

test('a prompt beyond the budget is prefilled in chunks, each behind the ones before', () => {
  const model = engine()
  const log = new Log()
  model.submit(request('a', range(0, 40), [100]), 0)
  model.advance(100, log)
  // 16 behind 0, 16 behind 16, 8 behind 32: 1.6 + 1.28, 1.6 + 3.84, 0.8 + 2.88, and 1.2 each time.
  expect(log.lines).toEqual(['15.6000 first a', '15.6000 finished a'])
})

test('decodes go first and prefill gets the rest of the budget', () => {
  const model = engine()
  const log = new Log()
  model.submit(request('a', range(0, 8), range(100, 20)), 0)
  model.advance(2.4, log)
  expect(log.lines).toEqual(['2.3200 first a'])
  model.submit(request('b', range(200, 20), [300]), 2.4)
  model.advance(7, log)
  // The step that was running had no room for b; the next one takes 15 tokens of b beside a, then 5 are left behind 15.
  const decode = 2.32 + 0.5 + 0.05 + 0.009 + 0.2
  const mixed = decode + 1 + 1.5 + 0.01 * 15 * 7.5 + 0.05 + 0.01 + 0.2
  expect(log.steps.slice(1)).toEqual([expect.closeTo(decode, 9), expect.closeTo(mixed, 9)])
  expect(model.running).toBe(2)
})

test('requests of one moment share a step, in order of arrival, up to the limit of sequences', () => {
  const model = engine({ maxSequences: 2 })
  const log = new Log()
  for (const [index, name] of ['a', 'b', 'c'].entries()) model.submit(request(name, range(100 * index, 4), [7]), 0)
  model.advance(0, log)
  expect([model.running, model.waiting]).toEqual([2, 1])
  model.advance(100, log)
  // 1 + 0.8 + 0.01 * (8 + 8) + 0.2 for two, 1 + 0.4 + 0.08 + 0.2 for one.
  expect(log.lines).toEqual([
    '2.1600 first a',
    '2.1600 finished a',
    '2.1600 first b',
    '2.1600 finished b',
    '3.8400 first c',
    '3.8400 finished c',
  ])
})

test('a request without output ends with its prefill', () => {
  const model = engine()
  const log = new Log()
  model.submit(request('a', range(0, 4), []), 0)
  model.advance(10, log)
  expect(log.lines).toEqual(['1.6800 finished a'])
  expect(model.counters.generationTokens).toBe(0)
})

test('a slowdown stretches the steps that start after it', () => {
  const model = engine()
  const log = new Log()
  model.slowdown = 3
  model.submit(request('a', range(0, 4), [7]), 0)
  model.advance(10, log)
  expect(log.lines[0]).toBe('5.0400 first a')
})

describe('the prefix cache', () => {
  test('spares the full blocks of a shared prefix', () => {
    const model = engine()
    const log = new Log()
    model.submit(request('a', range(0, 10), [100]), 0)
    model.advance(10, log)
    const again = model.submit(request('b', [...range(0, 10), 55], [100]), 10)
    model.advance(20, log)
    expect(again.cachedTokens).toBe(8)
    // 3 tokens behind 8: 1 + 0.3 + 0.01 * 3 * 9.5 + 0.2.
    expect(log.lines.at(-1)).toBe('11.7850 finished b')
    expect(model.counters).toMatchObject({ prefixCacheQueries: 21, prefixCacheHits: 8 })
  })

  test('computes the last block again when the whole prompt is cached', () => {
    const model = engine()
    const log = new Log()
    model.submit(request('a', range(0, 12), [100]), 0)
    model.advance(10, log)
    const again = model.submit(request('b', range(0, 12), [100]), 10)
    model.advance(20, log)
    expect(again.cachedTokens).toBe(8)
  })

  test('holds what was generated, but not the last token, which nobody computed', () => {
    const model = engine()
    const log = new Log()
    const answer = range(100, 7)
    model.submit(request('a', range(0, 6), answer), 0)
    model.advance(20, log)
    // 6 + 7 - 1 = 12 tokens were computed: three blocks.
    const next = model.submit(request('b', [...range(0, 6), ...answer, ...range(50, 5)], [1]), 20)
    model.advance(30, log)
    expect(next.cachedTokens).toBe(12)

    const shorter = engine()
    shorter.submit(request('a', range(0, 6), answer.slice(0, 6)), 0)
    shorter.advance(20, log)
    const after = shorter.submit(request('b', [...range(0, 6), ...answer, ...range(50, 5)], [1]), 20)
    shorter.advance(30, log)
    expect(after.cachedTokens).toBe(8)
  })

  test('is shared between requests of the same step, and with a prompt that is still being prefilled', () => {
    const model = engine()
    const log = new Log()
    model.submit(request('a', range(0, 9), [100]), 0)
    const twin = model.submit(request('b', range(0, 9), [101]), 0)
    model.advance(0, log)
    expect(twin.cachedTokens).toBe(8)
    expect(model.cache.used).toBe(4)

    const late = engine()
    late.submit(request('a', range(0, 40), [100]), 0)
    late.advance(5, log)
    const behind = late.submit(request('b', range(0, 40), [101]), 5)
    late.advance(12.5, log)
    // The third step ends a's last 8 tokens and has room for b, who finds all 40 but the last block.
    expect(behind.cachedTokens).toBe(36)
  })
})

describe('when blocks run out', () => {
  test('the queue waits until the whole prompt of its head fits', () => {
    const model = engine({ kvTokens: 20 })
    const log = new Log()
    model.submit(request('a', range(0, 8), range(100, 6)), 0)
    model.submit(request('b', range(200, 12), [300]), 0)
    model.submit(request('c', range(400, 4), [500]), 0)
    model.advance(0, log)
    expect([model.running, model.waiting]).toEqual([2, 1])

    const tight = engine({ kvTokens: 16 })
    tight.submit(request('a', range(0, 8), range(100, 6)), 0)
    tight.submit(request('b', range(200, 12), [300]), 0)
    tight.submit(request('c', range(400, 4), [500]), 0)
    tight.advance(0, log)
    expect([tight.running, tight.waiting]).toEqual([1, 2])
    log.lines.length = 0
    tight.advance(100, log)
    expect(log.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'first a',
      'finished a',
      'first b',
      'finished b',
      'first c',
      'finished c',
    ])
  })

  test('the newest sequence is preempted, goes to the head of the queue and continues where it was', () => {
    const model = engine({ kvTokens: 24 })
    const log = new Log()
    const a = model.submit(request('a', range(0, 8), range(100, 12)), 0)
    const b = model.submit(request('b', range(200, 8), range(300, 8)), 0)
    model.submit(request('c', range(400, 4), range(500, 6)), 0)
    // Both grow into a third block at once, c has waited for the budget: six blocks, none left for c.
    model.advance(4, log)
    expect([model.running, model.waiting, model.cache.free]).toEqual([2, 1, 0])
    while (b.preemptions === 0) model.advance(model.nextEventAt(), log)
    // Five tokens each; a takes the block of its 13th, b gives up.
    expect([model.generated(a), model.generated(b), b.state]).toEqual([5, 5, 'waiting'])
    expect([model.running, model.waiting]).toEqual([1, 2])
    model.advance(100, log)
    expect(log.lines.filter((line) => line.includes('first'))).toHaveLength(3)
    expect(log.lines.filter((line) => line.includes('finished')).map((line) => line.at(-1))).toEqual(['a', 'b', 'c'])
    expect(model.counters).toMatchObject({ preemptions: 1, generationTokens: 26, promptTokens: 20, finished: 3 })
    // The second admission of b is no new lookup.
    expect(model.counters.prefixCacheQueries).toBe(20)
    expect(model.cache.used).toBe(0)
  })

  test('what can never fit is refused', () => {
    const model = engine({ kvTokens: 16 })
    expect(() => model.submit(request('a', range(0, 12), range(0, 5)), 0)).toThrow(
      /need 17 KV tokens, the engine holds 16/,
    )
    expect(() => model.submit(request('a', [], [1]), 0)).toThrow(/expected 1 prompt token or more/)
  })
})

describe('abort', () => {
  test('takes a request out of the queue, of the prefill and of the batch at once', () => {
    const model = engine({ maxSequences: 2 })
    const log = new Log()
    const decoding = model.submit(request('a', range(0, 4), range(100, 20)), 0)
    model.advance(2, log)
    const prefilling = model.submit(request('b', range(200, 40), [1]), 2)
    const waiting = model.submit(request('c', range(300, 4), [1]), 2)
    model.advance(3, log)
    expect([model.running, model.waiting]).toEqual([2, 1])
    model.abort(waiting)
    expect(model.waiting).toBe(0)
    model.abort(prefilling)
    model.abort(decoding)
    expect([model.running, model.cache.used, model.kvUsage]).toEqual([0, 0, 0])
    model.abort(decoding)
    expect(model.counters.aborted).toBe(3)
    const ends = model.nextEventAt()
    expect(ends).toBeGreaterThan(3)
    model.advance(100, log)
    expect(log.lines).toEqual(['1.6800 first a'])
    expect(model.nextEventAt()).toBe(Infinity)
  })

  test('leaves what was computed in the prefix cache', () => {
    const model = engine()
    const log = new Log()
    const first = model.submit(request('a', range(0, 8), range(100, 20)), 0)
    while (model.generated(first) < 6) model.advance(model.nextEventAt(), log)
    const now = model.nextEventAt() - 0.01
    model.abort(first)
    // 8 + 6 - 1 tokens were computed: three blocks.
    const next = model.submit(request('b', [...range(0, 8), ...range(100, 8)], [1]), now)
    model.advance(100, log)
    expect(next.cachedTokens).toBe(12)
  })
})
