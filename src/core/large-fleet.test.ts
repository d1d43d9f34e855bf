import { describe, expect, it } from 'vitest'
import { CombinedIndex } from '../prefix/combined-index.ts'
import { PromptKeys } from '../prefix/prompt-keys.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'
import { Fleet } from './fleet.ts'
import { Scheduler } from './scheduler.ts'
import type { SchedulingRequest } from './request.ts'
import { policyOf, requestOf, settingsOf } from './testing/fleet-fixture.ts'

const ENDPOINTS = 200
const BLOCK = 16
const SEED = namespaceSeed({}, BLOCK)
/** 2048 tokens: 32 blocks of text, 128 of an engine. */
const PROMPT = 'one prompt of many words '.repeat(400).slice(0, 8192)
const TOKENS = Uint32Array.from({ length: 2048 }, (_, i) => i)

/** More endpoints than the scheduler has room for at first; those with odd numbers report their blocks. */
function rig() {
  const index = new CombinedIndex({ clock: () => 0 })
  const fleet = new Fleet({ index, policyFor: () => policyOf(), bytesPerToken: 4 })
  for (let number = 0; number < ENDPOINTS; number++) fleet.add(settingsOf(`${number}`), ['m'])
  for (const { slot } of fleet.endpoints) if (reports(slot)) index.setMode(slot, 'exact')
  // The bookings are as deep as their endpoint's number says, from those with the highest on down.
  for (const { slot } of fleet.endpoints.toReversed()) hold(index, slot)
  const scheduler = new Scheduler({ index, clock: () => 0, random: () => 0.5 })
  return { fleet, pool: fleet.anyPool, scheduler }
}

function reports(slot: number): boolean {
  return slot % 2 === 1
}

/** Tokens of the prompt that an endpoint holds. */
function heldBy(slot: number): number {
  return reports(slot) ? (slot % 128) * BLOCK : (slot % 32) * 64
}

function hold(index: CombinedIndex, slot: number): void {
  const tokens = heldBy(slot)
  if (!reports(slot)) {
    index.confirm(index.book(slot, requestOf(PROMPT.slice(0, 4 * tokens)).blocks))
    return
  }
  const blocks = tokens / BLOCK
  index.exact.stored(slot, {
    blockHashes: Array.from({ length: blocks }, (_, i) => BigInt(1000 * slot + i + 1)),
    parentHash: undefined,
    tokenIds: TOKENS.subarray(0, tokens),
    blockSize: BLOCK,
  })
}

function promptRequest(): SchedulingRequest {
  const plain = requestOf(PROMPT)
  return { ...plain, blocks: new PromptKeys(plain.blocks, 64, [tokenBlockKeys(TOKENS, BLOCK, SEED)]) }
}

describe('a fleet of 200 endpoints', () => {
  const all = Array.from({ length: ENDPOINTS }, (_, slot) => slot)
  it.each([
    ['all', all],
    ['the lowest', all.slice(0, 3)],
    ['the highest', all.slice(-3)],
    ['those around the end of the first room', all.slice(60, 70)],
    ['every seventh', all.filter((slot) => slot % 7 === 0)],
  ])('is matched whole, where %s of its slots are candidates', (_which, slots) => {
    const { fleet, pool, scheduler } = rig()
    for (const slot of slots) fleet.setReady(`${slot}`, true)
    for (const [blocks, heldOf] of [
      [promptRequest(), heldBy],
      [requestOf(PROMPT), (slot: number) => (reports(slot) ? 0 : heldBy(slot))],
    ] as const) {
      const decision = scheduler.explain(pool, blocks)
      if ('code' in decision) throw new Error(decision.message)
      expect(decision.candidates.map(({ id }) => Number(id))).toEqual(slots)
      const matched = decision.values.slice(slots.length, 2 * slots.length)
      expect(matched).toEqual(slots.map(heldOf))
    }
  })

  it('is chosen from and booked at by the slot of the candidate', () => {
    const { fleet, pool, scheduler } = rig()
    for (const slot of all) fleet.setReady(`${slot}`, true)
    const chosen = all.map(() => {
      const choice = scheduler.choose(pool, promptRequest())
      if (!('lease' in choice)) throw new Error(choice.message)
      expect(choice.decision.matchedTokens).toBe(heldBy(choice.lease.endpoint.slot))
      return choice.lease.endpoint.slot
    })
    expect(chosen.toSorted((a, b) => a - b)).toEqual(all)
  })
})
