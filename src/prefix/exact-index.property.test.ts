import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExactIndex } from './exact-index.ts'
import {
  keysOf,
  type NamedBlock,
  type Placement,
  removedEvent,
  ReportedModel,
  storedEvent,
} from './testing/reported-blocks.ts'
import { type Tier, TIER_COUNT, TIERS } from './tier-copies.ts'
import { TierMatches } from './tier-matches.ts'

const DEEPEST = 6
const VARIANTS = 2

const PATHS: string[] = ['a', 'b']
for (const path of PATHS) if (path.length < DEEPEST) PATHS.push(`${path}a`, `${path}b`)
const LONGEST = PATHS.filter((path) => path.length === DEEPEST)
const KEYS = LONGEST.map((path) => ({ path, keys: keysOf(path) }))

const block = fc.record({
  variant: fc.constantFrom(0, 0, 0, 1),
  path: fc.string({ unit: fc.constantFrom('a', 'a', 'b'), minLength: 1, maxLength: DEEPEST, size: 'max' }),
})
const tier = fc.constantFrom('gpu' as const, 'gpu' as const, 'gpu' as const, 'cpu' as const, 'disk' as const)
const slot = fc.nat(2)

interface Step {
  readonly act: 'store' | 'remove' | 'clear'
  readonly slot: number
  readonly block: NamedBlock
  readonly count: number
  readonly placement: Placement
}

function steps(groups: number): fc.Arbitrary<Step[]> {
  const placement = fc.record({ tier, groupIndex: fc.nat(groups - 1), groupKind: fc.constant('full_attention') })
  const step = fc.record({
    act: fc.constantFrom(...Array<'store'>(12).fill('store'), ...Array<'remove'>(10).fill('remove'), 'clear' as const),
    slot,
    block,
    count: fc.integer({ min: 1, max: DEEPEST }),
    placement,
  })
  return fc.noBias(fc.array(step, { minLength: 60, maxLength: 120, size: 'max' }))
}

/** The index and models side by side, fed the same reports. */
class Pair {
  readonly index: ExactIndex
  readonly models: ReportedModel[] = []
  readonly #matches = new TierMatches()

  constructor(maxCopies: number, maxBytes?: number) {
    this.index = new ExactIndex(maxBytes === undefined ? {} : { maxBytes })
    for (let at = 0; at < 3; at++) {
      this.index.addEndpoint({ maxCopies })
      this.models.push(new ReportedModel(maxCopies))
    }
  }

  deliver({ act, slot, block, count, placement }: Step): void {
    const model = this.models[slot]!
    if (act === 'clear') {
      this.index.clear(slot)
      model.clear()
    } else if (act === 'store') {
      const blocks = Math.min(count, block.path.length)
      this.index.stored(slot, storedEvent(block, blocks, placement))
      model.store(block, blocks, placement)
    } else {
      this.index.removed(slot, removedEvent([block], placement))
      model.remove(block, placement)
    }
  }

  /** Leading blocks by slot in GPU memory and in any tier, for each of the longest prompts. */
  seen(): string[] {
    return KEYS.flatMap(({ path, keys }) => {
      this.index.matchTiers(keys, this.#matches)
      return this.models.map((_, slot) => {
        const gpu = this.#matches.leading[slot]!
        let any = gpu
        for (let at = 0; at < TIER_COUNT; at++) any += this.#matches.behind[slot * TIER_COUNT + at]!
        return `${path}@${slot}: ${gpu} ${any} ${this.index.depth(slot, keys)}`
      })
    })
  }

  expected(models: readonly ReportedModel[] = this.models): string[] {
    return LONGEST.flatMap((path) =>
      models.map((model, slot) => {
        const { gpu, any } = model.runs(path, VARIANTS)
        return `${path}@${slot}: ${gpu} ${any} ${gpu}`
      }),
    )
  }

  /** Blocks behind those in GPU memory by slot and tier, for each of the longest prompts. */
  tiers(): { readonly seen: number[][]; readonly expected: number[][] } {
    const seen: number[][] = []
    const expected: number[][] = []
    for (const { path, keys } of KEYS) {
      this.index.matchTiers(keys, this.#matches)
      for (const [slot, model] of this.models.entries()) {
        seen.push([...this.#matches.behind.subarray(slot * TIER_COUNT, (slot + 1) * TIER_COUNT)])
        expected.push(model.behind(path))
      }
    }
    return { seen, expected }
  }

  held(): number[][] {
    return this.models.map((_, slot) => [this.index.heldByGpu(slot), this.index.held(slot)])
  }

  expectedHeld(): number[][] {
    return this.models.map((model) => [model.held().gpu, model.held().any])
  }
}

test('matches are the leading runs of whatever set was reported, in any order, with gaps', () => {
  fc.assert(
    fc.property(steps(1), fc.constantFrom(1, 3), (taken, maxCopies) => {
      const pair = new Pair(maxCopies)
      for (const [at, step] of taken.entries()) {
        pair.deliver(step)
        if (at % 20 !== 19) continue
        expect(pair.seen()).toEqual(pair.expected())
        expect(pair.held()).toEqual(pair.expectedHeld())
      }
      expect(pair.seen()).toEqual(pair.expected())
    }),
    { numRuns: 70 },
  )
})

test.each([1, 2])(
  'what lies behind GPU memory is counted by the nearest tier, of several or one (groups: %i)',
  (groups) => {
    const only = fc.constantFrom<Tier>('cpu', 'disk')
    fc.assert(
      fc.property(steps(groups), fc.tuple(only, only, only), fc.boolean(), (taken, tiers, mixed) => {
        const pair = new Pair(1)
        for (const [at, step] of taken.entries()) {
          const tier = mixed || step.placement.tier === 'gpu' ? step.placement.tier : tiers[step.slot]
          pair.deliver({ ...step, block: { ...step.block, variant: 0 }, placement: { ...step.placement, tier } })
          if (at % 10 !== 9) continue
          const { seen, expected } = pair.tiers()
          expect(seen).toEqual(expected)
        }
      }),
      { numRuns: 80 },
    )
  },
)

test('with several groups of full attention a block is held where all of them have it', () => {
  fc.assert(
    fc.property(steps(3), (taken) => {
      const pair = new Pair(1)
      for (const [at, step] of taken.entries()) {
        pair.deliver(step)
        if (at % 20 === 19) expect(pair.seen()).toEqual(pair.expected())
      }
      expect(pair.held()).toEqual(pair.expectedHeld())
    }),
    { numRuns: 100 },
  )
})

const fault = fc.constantFrom('none', 'none', 'none', 'lost', 'twice', 'late')

test('after losses, repetitions, delays and restarts, clearing and a replay in any order make it the engine’s cache', () => {
  fc.assert(
    fc.property(
      steps(1),
      fc.array(fault, { minLength: 120, maxLength: 120 }),
      fc.infiniteStream(fc.nat()),
      (taken, faults, chance) => {
        const pair = new Pair(1)
        const engines = [0, 1, 2].map(() => new ReportedModel(1))
        const late: Step[] = []
        for (const [at, step] of taken.entries()) {
          const engine = engines[step.slot]!
          if (step.act === 'clear') engine.clear()
          else if (step.act === 'store')
            engine.store(step.block, Math.min(step.count, step.block.path.length), step.placement)
          else engine.remove(step.block, step.placement)
          const happens = faults[at]
          if (happens === 'late') late.push(step)
          if (happens === 'none' || happens === 'twice') pair.deliver(step)
          if (happens === 'twice') pair.deliver(step)
          if (late.length > 3) pair.deliver(late.shift()!)
        }
        expect(pair.seen()).toEqual(pair.expected())
        for (const [slot, engine] of engines.entries()) {
          pair.index.clear(slot)
          pair.models[slot]!.clear()
          const rest = engine.snapshot()
          while (rest.length > 0) {
            const { block, placement } = rest.splice(chance.next().value % rest.length, 1)[0]!
            pair.deliver({ act: 'store', slot, block, count: 1, placement })
          }
        }
        expect(pair.seen()).toEqual(pair.expected(engines))
        expect(pair.held()).toEqual(pair.expectedHeld())
      },
    ),
    { numRuns: 100 },
  )
})

test('an index that is too small never claims what is not held, keeps to its bytes and recovers', () => {
  fc.assert(
    fc.property(fc.array(steps(1), { minLength: 4, maxLength: 4 }), (parts) => {
      const maxBytes = 16_384
      const pair = new Pair(1, maxBytes)
      for (const step of parts.flat()) {
        pair.deliver(step)
        expect(pair.index.bytes).toBeLessThanOrEqual(maxBytes)
      }
      const records = [0, 1, 2].reduce((sum, slot) => sum + pair.index.records(slot), 0)
      expect(records).toBeLessThanOrEqual(pair.index.maxHeld)
      const claimed = pair.seen().map((line) => line.split(' ').slice(1).map(Number))
      const actual = pair.expected().map((line) => line.split(' ').slice(1).map(Number))
      for (const [at, [gpu, any]] of claimed.entries()) {
        expect(gpu).toBeLessThanOrEqual(actual[at]![0]!)
        expect(any).toBeLessThanOrEqual(actual[at]![1]!)
      }
      for (let slot = 0; slot < 3; slot++) {
        pair.index.clear(slot)
        pair.models[slot]!.clear()
      }
      expect([0, 1, 2].map((slot) => pair.index.records(slot))).toEqual([0, 0, 0])
      pair.deliver({ act: 'store', slot: 1, block: { variant: 0, path: LONGEST[0]! }, count: 6, placement: {} })
      expect(pair.seen()).toEqual(pair.expected())
    }),
    { numRuns: 60 },
  )
})

test('tiers behind the leading run are told apart by the nearest one', () => {
  const index = new ExactIndex()
  index.addEndpoint()
  const path = LONGEST[0]!
  index.stored(0, storedEvent({ variant: 0, path: path.slice(0, 2) }, 2))
  index.stored(0, storedEvent({ variant: 0, path: path.slice(0, 4) }, 3, { tier: 'cpu' }))
  index.stored(0, storedEvent({ variant: 0, path: path.slice(0, 5) }, 1, { tier: 'disk' }))
  index.stored(0, storedEvent({ variant: 0, path }, 1))
  const matches = new TierMatches()
  index.matchTiers(keysOf(path), matches)
  expect([matches.leading[0], matches.depths[0], ...matches.behind.subarray(0, TIERS.length)]).toEqual([
    2, 6, 1, 2, 1, 0,
  ])
  expect(matches.worth(0, [1, 0.8, 0.5, 0])).toBe(2 + Math.floor(1 + 1.6 + 0.5))
})
