import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CombinedIndex } from '../prefix/combined-index.ts'
import { PromptKeys } from '../prefix/prompt-keys.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'
import type { Decision } from './decision.ts'
import { Fleet } from './fleet.ts'
import type { SchedulingRequest } from './request.ts'
import { Scheduler } from './scheduler.ts'
import { policyOf, requestOf, settingsOf } from './testing/fleet-fixture.ts'

const BLOCK = 16
const SEED = namespaceSeed({}, BLOCK)

/** Two endpoints, of which the first reports its blocks. */
function rig() {
  const index = new CombinedIndex({ clock: () => 0 })
  const fleet = new Fleet({ index, policyFor: () => policyOf(), bytesPerToken: 4 })
  for (const id of ['reports', 'predicted']) {
    fleet.add(settingsOf(id), ['m'])
    fleet.setReady(id, true)
  }
  index.setMode(0, 'exact')
  const scheduler = new Scheduler({ index, clock: () => 0, random: () => 0.5 })
  return { index, fleet, pool: fleet.anyPool, scheduler }
}

/** A request of so many bytes, whose tokens are 0, 1, 2, ...; `bytesPerToken` is what its text was taken to have. */
function requestWith(tokens: number, bytesPerToken: number): SchedulingRequest {
  const tokensPerBlock = 256 / bytesPerToken
  const plain = requestOf('x'.repeat(Math.round(tokens * bytesPerToken)))
  const keys = tokenBlockKeys(
    Uint32Array.from({ length: tokens }, (_, i) => i),
    BLOCK,
    SEED,
  )
  const blocks = new PromptKeys(plain.blocks, tokensPerBlock, [keys])
  return { ...plain, blocks, tokensPerBlock, promptTokens: tokens }
}

function matches(decision: Decision): readonly number[] {
  return decision.values.slice(decision.candidates.length, 2 * decision.candidates.length)
}

function explain({ scheduler, pool }: ReturnType<typeof rig>, request: SchedulingRequest): Decision {
  const decision = scheduler.explain(pool, request)
  if ('code' in decision) throw new Error(decision.message)
  return decision
}

test('what is reported is matched to the token, whatever bytes a token is taken to have', () => {
  const held = fc.integer({ min: 0, max: 40 })
  fc.assert(
    fc.property(held, fc.double({ min: 1.5, max: 6, noNaN: true }), (blocks, bytesPerToken) => {
      const fixture = rig()
      fixture.index.exact.stored(0, {
        blockHashes: Array.from({ length: blocks }, (_, i) => BigInt(i + 1)),
        tokenIds: Uint32Array.from({ length: blocks * BLOCK }, (_, i) => i),
        blockSize: BLOCK,
      })
      const decision = explain(fixture, requestWith(700, bytesPerToken))
      expect(matches(decision)).toEqual([blocks * BLOCK, 0])
    }),
    { numRuns: 50 },
  )
})

test('what is predicted is matched by blocks over bytes, with or without tokens', () => {
  fc.assert(
    fc.property(fc.double({ min: 1.5, max: 6, noNaN: true }), (bytesPerToken) => {
      const fixture = rig()
      const { fleet, index } = fixture
      fleet.setReady('reports', false)
      const request = requestWith(700, bytesPerToken)
      index.confirm(index.book(1, request.blocks))
      const whole = request.blocks.count * request.tokensPerBlock
      expect(matches(explain(fixture, request))).toEqual([Math.min(700, Math.floor(whole))])
      const choice = fixture.scheduler.choose(fixture.pool, request)
      if ('code' in choice) throw new Error(choice.message)
      // The engine found all of it: that contradicts nothing, and nothing is dropped.
      const usage = { promptTokens: 700, cachedTokens: 699 }
      choice.lease.end({ kind: 'finished', ttft: 1, e2e: 1, outputTokens: 1, usage }, 1)
      expect(index.predicted.held(1)).toBe(request.blocks.count)
    }),
    { numRuns: 50 },
  )
})

test('an endpoint is told of the first request, and only of that one', () => {
  const { fleet, pool, scheduler } = rig()
  const told: string[] = []
  for (const endpoint of fleet.endpoints) endpoint.onBusy = () => void told.push(endpoint.id)
  for (let i = 0; i < 6; i++) scheduler.choose(pool, requestOf('hello'))
  expect(told.toSorted()).toEqual(['predicted', 'reports'])
})
