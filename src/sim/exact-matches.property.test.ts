import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom } from '../workload/random.ts'
import { Call } from './call.ts'
import { ExactMatches } from './exact-matches.ts'
import { prepareWorkload } from './prepared-workload.ts'
import { type CacheFeed, type CallEvents, RunningEndpoint } from './running-endpoint.ts'
import { endpoint, openWorkload, plainProfile } from './testing/small-scenario.ts'

const prompt = fc.record({
  // Few ids in blocks of 24 tokens: prompts share beginnings, and part inside the engines' blocks.
  ids: fc.array(fc.nat(1), { minLength: 1, maxLength: 12 }),
  cut: fc.nat(23),
  output: fc.integer({ min: 1, max: 60 }),
})

type Prompt = typeof prompt extends fc.Arbitrary<infer P> ? P : never

/** Engines with blocks of different sizes, which are too small for all prompts at once. */
function worldOf(prompts: readonly Prompt[], kvTokens: number, listens = true) {
  const prepared = prepareWorkload(
    openWorkload(
      prompts.map(({ ids, cut, output }, at) => ({
        at,
        prompt: { ids: Uint32Array.from(ids), unit: 24, tokens: 24 * ids.length - Math.min(cut, 23) },
        output,
      })),
    ),
  )
  const told = [new Set<number>(), new Set<number>(), new Set<number>()]
  const feed: CacheFeed = {
    stored: (number, node) => void told[number]?.add(node),
    removed: (number, node) => void told[number]?.delete(node),
  }
  const events: CallEvents = {
    firstToken: (call) => matches.answering(endpoints[call.endpoint]!, call.number, 1),
    finished: (call) => matches.answering(endpoints[call.endpoint]!, call.number, -1),
  }
  const endpoints = [16, 8, 16].map((blockSize, number) => {
    const spec = endpoint(`e${number}`, { profile: { ...plainProfile, blockSize, kvTokens, maxBatchedTokens: 64 } })
    return new RunningEndpoint(number, spec, prepared.enginePrompts(blockSize), events, listens ? feed : undefined)
  })
  const lengths = Int32Array.from(prepared.requests, ({ recorded }) => recorded.promptTokens)
  const matches = new ExactMatches(endpoints, lengths)
  return { prepared, endpoints, matches, told }
}

function heldByAsking({ cache, blockTokens, prompts }: RunningEndpoint, request: number, promptTokens: number): number {
  const { words } = prompts.keys[request]!
  let block = 0
  while ((block + 1) * blockTokens <= promptTokens && cache.has(words[2 * block]!, words[2 * block + 1]!)) block++
  return block * blockTokens
}

const world = fc.record({
  prompts: fc.array(prompt, { minLength: 4, maxLength: 30 }),
  kvTokens: fc.constantFrom(480, 640, 2000),
  seed: fc.nat(),
})

test('what the engines hold is what they say when asked block by block, at any moment', () => {
  fc.assert(
    fc.property(world, ({ prompts, kvTokens, seed }) => {
      const { prepared, endpoints, matches } = worldOf(prompts, kvTokens)
      const random = createRandom(seed)
      let now = 0
      for (const plan of prepared.requests) {
        const chosen = endpoints[Math.floor(random() * endpoints.length)]!
        matches.sent(chosen, plan.number)
        chosen.take(new Call(plan, 0, now, plan.number), 0, now)
        now += random()
        for (const each of endpoints) each.engine.advance(now, each)
        for (const asked of prepared.requests) {
          const into = new Uint32Array(3)
          matches.match(asked.number, into)
          const expected = endpoints.map((each) => heldByAsking(each, asked.number, asked.recorded.promptTokens))
          expect([...into]).toEqual(expected)
          const depths = endpoints.map((each) => matches.depth(each, asked.number) * each.blockTokens)
          expect(depths).toEqual(expected)
        }
      }
    }),
    { numRuns: 60 },
  )
})

/** Sends every prompt somewhere, lets the engines finish, and returns them. */
function played({ prepared, endpoints }: ReturnType<typeof worldOf>, seed: number): readonly RunningEndpoint[] {
  const random = createRandom(seed)
  let now = 0
  for (const plan of prepared.requests) {
    const chosen = endpoints[Math.floor(random() * endpoints.length)]!
    chosen.take(new Call(plan, 0, now, plan.number), 0, now)
    now += random() / 4
    for (const each of endpoints) each.engine.advance(now, each)
  }
  for (const each of endpoints) each.engine.advance(1e6, each)
  return endpoints
}

test('what the engines published adds up to what they hold', () => {
  fc.assert(
    fc.property(world, ({ prompts, kvTokens, seed }) => {
      const all = worldOf(prompts, kvTokens)
      for (const each of played(all, seed)) {
        fc.pre(each.preemptions === 0)
        const { tree } = each.prompts
        const held = Array.from({ length: tree.nodes }, (_, node) => node).filter((node) => {
          const { keys, block } = tree.sampleOf(node)
          return each.cache.has(keys.words[2 * block]!, keys.words[2 * block + 1]!)
        })
        expect([...all.told[each.number]!].sort((a, b) => a - b)).toEqual(held)
        expect(each.cachedTokens).toBeGreaterThanOrEqual(held.length * each.blockTokens)
      }
    }),
    { numRuns: 60 },
  )
})

test('evictions are counted alike whether or not somebody listens', () => {
  fc.assert(
    fc.property(world, ({ prompts, kvTokens, seed }) => {
      const listening = played(worldOf(prompts, kvTokens), seed)
      const quiet = played(worldOf(prompts, kvTokens, false), seed)
      for (const [number, each] of listening.entries()) {
        fc.pre(each.preemptions === 0)
        expect(quiet[number]?.evictedBlocks).toBe(each.evictedBlocks)
        expect(quiet[number]?.cachedTokens).toBe(each.cachedTokens)
      }
    }),
    { numRuns: 60 },
  )
})
