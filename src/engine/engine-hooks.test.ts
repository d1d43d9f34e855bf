import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EngineModel } from './engine-model.ts'
import type { EngineProfile } from './profile.ts'
import type { EngineRequest, Sequence } from './sequence.ts'
import { TokenKeys } from './token-keys.ts'

const profile: EngineProfile = {
  name: 'small',
  rates: {
    prefillBase: 1,
    prefillPerToken: 0.1,
    prefillPerPair: 0.01,
    decodeBase: 0.5,
    decodePerSequence: 0.05,
    decodePerKvToken: 0.001,
    overhead: 0.2,
  },
  kvTokens: 48,
  blockSize: 4,
  maxBatchedTokens: 16,
  maxSequences: 4,
}

const SINK = { stepped: (): void => {}, firstToken: (): void => {}, finished: (): void => {} }

interface Work extends EngineRequest {
  readonly group: string
}

function work(family: number, prompt: number, output: number, group = ''): Work {
  const tokens = Uint32Array.from({ length: prompt + output }, (_, at) => (at < 8 ? at : at + 100 * family))
  const keys = new TokenKeys(4, tokens.length)
  keys.append(tokens, 0, tokens.length)
  return { group, keys: keys.keys(), promptTokens: prompt, outputTokens: output }
}

/** What a listener believes is findable: the key by block. */
class Believed {
  readonly keys = new Map<number, string>()
  cleared = 0
  /** Blocks stored twice, or evicted without having been stored. */
  surprises = 0

  readonly listener = {
    stored: ({ keys }: Work, blocks: Int32Array, from: number, to: number): void => {
      for (let at = from; at < to; at++) {
        if (this.keys.has(blocks[at] ?? -1)) this.surprises++
        this.keys.set(blocks[at] ?? -1, `${keys.words[2 * at]} ${keys.words[2 * at + 1]}`)
      }
    },
    evicted: (block: number): void => {
      if (!this.keys.delete(block)) this.surprises++
    },
  }
}

function listened(): { readonly model: EngineModel<Work>; readonly believed: Believed } {
  const believed = new Believed()
  const { stored, evicted } = believed.listener
  const cleared = (): void => {
    believed.cleared++
    believed.keys.clear()
  }
  return { believed, model: new EngineModel<Work>(profile, { cache: { stored, evicted, cleared } }) }
}

/** Every key that is believed to be findable is, and no other block holds one. */
function agree(model: EngineModel<Work>, believed: Believed): void {
  const keyed = Array.from({ length: model.cache.blocks }, (_, block) => block).filter((block) =>
    model.cache.isKeyed(block),
  )
  expect(believed.surprises).toBe(0)
  expect(new Set(keyed)).toEqual(new Set(believed.keys.keys()))
  for (const key of believed.keys.values()) {
    const [low = 0, high = 0] = key.split(' ').map(Number)
    expect(model.cache.has(low, high)).toBe(true)
  }
}

test('a listener knows at every moment what is findable', () => {
  const event = fc.record({
    wait: fc.constantFrom(0, 0, 1, 7),
    family: fc.nat(3),
    prompt: fc.integer({ min: 1, max: 30 }),
    output: fc.integer({ min: 0, max: 14 }),
    abort: fc.option(fc.nat(10), { freq: 4 }),
    clear: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 25 }), (events) => {
      const { model, believed } = listened()
      const sequences: Sequence<Work>[] = []
      let now = 0
      let cleared = 0
      for (const { wait, family, prompt, output, abort, clear } of events) {
        now += wait
        model.advance(now, SINK)
        sequences.push(model.submit(work(family, prompt, output), now))
        const victim = abort === null ? undefined : sequences[abort]
        if (victim !== undefined) model.abort(victim)
        const busy = model.cache.used > 0
        if (clear) {
          expect(model.clearCache()).toBe(!busy)
          if (!busy) cleared++
        }
        agree(model, believed)
      }
      model.advance(1e6, SINK)
      agree(model, believed)
      expect(believed.cleared).toBe(cleared)
    }),
    { numRuns: 200 },
  )
})

test('a cache that was emptied finds nothing, and works on', () => {
  const { model, believed } = listened()
  model.submit(work(0, 20, 1), 0)
  model.advance(100, SINK)
  expect(believed.keys.size).toBe(5)
  expect(model.clearCache()).toBe(true)
  const again = model.submit(work(0, 20, 1), 100)
  model.advance(200, SINK)
  expect([again.cachedTokens, believed.keys.size]).toEqual([0, 5])
})

test('requests that may not join wait, and the ones behind them go first', () => {
  const mayAdmit = ({ group }: Work, running: readonly Sequence<Work>[]): boolean =>
    running.every(({ request }) => request.group === group)
  const model = new EngineModel<Work>(profile, { mayAdmit })
  const order: string[] = []
  const sink = { ...SINK, finished: ({ request }: Sequence<Work>): void => void order.push(request.group) }
  for (const group of ['a', 'b', 'a', 'b']) model.submit(work(0, 5, 6, group), 0)
  model.advance(1.5, sink)
  expect([model.running, model.waiting]).toEqual([2, 2])
  model.advance(1000, sink)
  expect(order).toEqual(['a', 'a', 'b', 'b'])
})
