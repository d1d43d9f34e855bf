import { describe, expect, it } from 'vitest'
import type { TokenizerSpec } from './tokenizer-spec.ts'
import { createWorkerTokenizer, type ThreadOptions } from './worker-tokenizer.ts'

const SPEC: TokenizerSpec = {
  source: 'test',
  json: { added_tokens: [], model: {} },
  config: {},
  templates: new Map(),
  specialTokens: {},
}

function fragile(options: ThreadOptions = {}) {
  const script = new URL('./testing/fragile-thread.ts', import.meta.url)
  return createWorkerTokenizer(SPEC, { script, ...options })
}

describe('a tokenizer in a thread', () => {
  it('survives the death of its thread: only the text it was at fails', async () => {
    await using tokenizer = await fragile()
    const results = await Promise.allSettled(
      ['one', 'die', 'three', 'leave', 'fifth'].map((text) => tokenizer.encode(text)),
    )
    expect(
      results.map((result) => (result.status === 'fulfilled' ? [...result.value] : String(result.reason))),
    ).toEqual([
      [3],
      'TokenizerError: encoding 3 characters: expected token ids, found: died on purpose',
      [5],
      'TokenizerError: encoding 5 characters: expected token ids, found: the thread ended with code 3',
      [5],
    ])
    expect(await tokenizer.count('sixth')).toBe(1)
  })

  it('replaces a thread that does not answer in time', async () => {
    await using tokenizer = await fragile({ timeoutMs: 100 })
    await expect(tokenizer.encode('hang')).rejects.toThrow('no answer within 100 ms; the thread is replaced')
    expect([...(await tokenizer.encode('next'))]).toEqual([4])
  })

  it('gives a long text more time', async () => {
    await using tokenizer = await fragile({ timeoutMs: 0 })
    expect([...(await tokenizer.encode('a'.repeat(200_000)))]).toEqual([200_000])
  })

  it('refuses what does not fit into the queue, lets go of what is given up, and passes a refusal on', async () => {
    await using tokenizer = await fragile({ queue: 2 })
    const leave = new AbortController()
    const first = tokenizer.encode('first')
    const second = tokenizer.encode('second', { signal: leave.signal })
    const third = tokenizer.encode('refuse')
    await expect(tokenizer.encode('fourth')).rejects.toMatchObject({ fault: 'busy' })
    leave.abort(new Error('left'))
    await expect(second).rejects.toThrow('left')
    expect([...(await first)]).toEqual([5])
    await expect(third).rejects.toThrow('refused on purpose')
  })

  it('says so where the tokenizer is not understood, and once it is closed', async () => {
    await expect(
      createWorkerTokenizer({ ...SPEC, json: { added_tokens: [], model: { type: 'Nonsense' } } }),
    ).rejects.toThrow(/^reading test: expected token ids, found: /)
    const tokenizer = await fragile()
    await tokenizer[Symbol.asyncDispose]()
    await expect(tokenizer.encode('late')).rejects.toThrow('expected an open tokenizer, found it closed')
  })
})
