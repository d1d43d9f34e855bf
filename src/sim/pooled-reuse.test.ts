import fc from 'fast-check'
import { expect, test } from 'vitest'
import { endlessReuse, pooledReuse } from './pooled-reuse.ts'
import { openWorkload, text } from './testing/small-scenario.ts'

// Every prompt ends in a token of its own, so that all blocks before it may count.
const prompts = fc.array(fc.array(fc.nat(1), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 20 })
const workloadOf = (all: readonly (readonly number[])[]) =>
  openWorkload(
    all.map((ids, at) => ({
      at,
      prompt: { ids: Uint32Array.from([...ids, 100 + at]), unit: 32, tokens: 32 * ids.length + 1 },
    })),
  )

/** Blocks as the text up to their end, the order of giving up done over all of them at every step. */
function model(all: readonly (readonly number[])[], capacity: number, future: boolean): number[] {
  const blocks = all.map((ids) => ids.map((_, end) => ids.slice(0, end + 1).join()))
  const worth = new Map<string, number>()
  return blocks.map((own, turn) => {
    let held = 0
    while (held < own.length && worth.has(own[held]!)) held++
    for (const [depth, block] of own.entries()) {
      const next = blocks.findIndex((other, later) => later > turn && other.includes(block))
      if (future && next < 0) worth.delete(block)
      else worth.set(block, (future ? -next : turn) - depth / 100)
    }
    while (worth.size > capacity) {
      const [victim] = [...worth].reduce((least, entry) => (entry[1] < least[1] ? entry : least))
      worth.delete(victim)
    }
    return held * 32
  })
}

test.each(['lru', 'belady'] as const)('a pooled cache that keeps by %s does what the model does', (retention) => {
  fc.assert(
    fc.property(prompts, fc.nat(8), (all, capacity) => {
      const cached = pooledReuse(workloadOf(all), 32, 32 * capacity, retention)
      expect([...cached]).toEqual(model(all, capacity, retention === 'belady'))
    }),
    { numRuns: 300 },
  )
})

test('knowing the future is never worse', () => {
  fc.assert(
    fc.property(prompts, fc.nat(8), (all, capacity) => {
      const sum = (cached: Int32Array) => cached.reduce((total, tokens) => total + tokens, 0)
      const workload = workloadOf(all)
      const best = sum(pooledReuse(workload, 32, 32 * capacity, 'belady'))
      expect(best).toBeGreaterThanOrEqual(sum(pooledReuse(workload, 32, 32 * capacity, 'lru')))
      expect(best).toBeLessThanOrEqual(sum(endlessReuse(workload, 32)))
    }),
    { numRuns: 100 },
  )
})

test('the last token of a prompt is never found', () => {
  const prompt = text([1, 2])
  const workload = openWorkload([0, 1].map((at) => ({ at, prompt })))
  expect([...endlessReuse(workload, 32)]).toEqual([0, 32])
  expect([...endlessReuse(workload, 16)]).toEqual([0, 48])
})

test('a workload without recorded times has no order', () => {
  const workload = { ...workloadOf([[1]]), pacing: 'closed' as const }
  expect(() => endlessReuse(workload, 16)).toThrow(/need requests at recorded times .* r0:0 of small has none/)
})
