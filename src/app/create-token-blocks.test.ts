import { expect, test, vi } from 'vitest'
import { Fleet } from '../core/fleet.ts'
import type { Pool } from '../core/pool.ts'
import { policyOf, settingsOf } from '../core/testing/fleet-fixture.ts'
import { CombinedIndex } from '../prefix/combined-index.ts'
import { createTokenBlocks } from './create-token-blocks.ts'

const TOKENS = Uint32Array.from({ length: 100 }, (_, i) => i)

/** Endpoints `m0`, `m1` of model m, `n2` of model n and `q3` of model q; all but the last publish events. */
function rig() {
  const index = new CombinedIndex({ clock: () => 0 })
  const fleet = new Fleet({ index, policyFor: () => policyOf(), bytesPerToken: 4 })
  for (const id of ['m0', 'm1', 'n2', 'q3']) fleet.add(settingsOf(id), [id.slice(0, 1)])
  let slots: readonly number[] = [0, 1, 2]
  const blocks = createTokenBlocks({ index, slots: () => slots, adapterOf: () => undefined })
  const poolOf = (model: string): Pool => {
    const pool = fleet.poolOf(model)
    if (pool === undefined) throw new Error(`expected a pool of '${model}'`)
    return pool
  }
  return {
    index,
    fleet,
    publish: (next: readonly number[]) => void (slots = next),
    wanted: (model: string) => blocks.wantedBy(poolOf(model)),
    sizes: (model: string) =>
      blocks.keysOf(TOKENS, { pool: poolOf(model), model, cacheSalt: undefined }).map(({ blockTokens }) => blockTokens),
    says: (slot: number, blockSize: number) =>
      void index.exact.stored(slot, {
        blockHashes: [1n],
        parentHash: undefined,
        tokenIds: TOKENS.subarray(0, blockSize),
        blockSize,
      }),
  }
}

test('prompts are cut into the blocks of their own pool', () => {
  const { sizes, says, wanted } = rig()
  expect(['m', 'n', 'q'].map(wanted)).toEqual([true, true, false])
  expect(sizes('m')).toEqual([])
  says(0, 16)
  says(1, 32)
  says(2, 64)
  expect(sizes('m')).toEqual([16, 32])
  expect(sizes('n')).toEqual([64])
  expect(sizes('q')).toEqual([])
})

test('the sizes follow what endpoints say, and who is there', () => {
  const { index, fleet, sizes, says, wanted, publish } = rig()
  says(0, 16)
  expect(sizes('m')).toEqual([16])
  says(1, 32)
  expect(sizes('m')).toEqual([16, 32])
  index.clear(0)
  expect(sizes('m')).toEqual([32])
  says(0, 8)
  expect(sizes('m')).toEqual([8, 32])
  fleet.remove('m1')
  expect(sizes('m')).toEqual([8])
  publish([])
  expect(wanted('m')).toBe(false)
  expect(sizes('m')).toEqual([])
  publish([0])
  expect(sizes('m')).toEqual([8])
  fleet.setModels('n2', ['m', 'n'])
  publish([0, 2])
  says(2, 64)
  expect(sizes('m')).toEqual([8, 64])
})

test('they are found out once, not for each request', () => {
  const { index, sizes, says } = rig()
  says(0, 16)
  const looks = vi.spyOn(index.exact, 'blockTokens')
  for (let request = 0; request < 5; request++) expect(sizes('m')).toEqual([16])
  expect(looks.mock.calls.map(([slot]) => slot)).toEqual([0, 1])
})
