import { expect, test } from 'vitest'
import type { SchedulingRequest } from '../../core/request.ts'
import { candidate } from '../testing/candidate.ts'
import { rankOf } from '../testing/rank-of.ts'
import { keysOf, request } from '../testing/request.ts'
import kubeai from './kubeai-chwbl.ts'

const asked = request({ blocks: keysOf([1, 2, 3]) })
const EIGHT_IDLE = [0, 0, 0, 0, 0, 0, 0, 0]
const poolOf = (loads: readonly number[]) => loads.map((inFlight, slot) => candidate({ slot, inFlight }))

/** Slots in the order of the ring from the prompt on. */
function ringOf(asked: SchedulingRequest, count: number): readonly number[] {
  const { terms } = rankOf(kubeai, {}, asked, poolOf(EIGHT_IDLE.slice(0, count)))
  const places = terms['place'] ?? []
  return places.map((_, slot) => slot).toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0))
}

test('prompts with the same first 100 characters share an endpoint; more characters tell them apart', () => {
  const prompts = Array.from({ length: 40 }, (_, tail) => request({ blocks: keysOf([1, tail]) }))
  const homes = (options: object) =>
    new Set(prompts.map((prompt) => rankOf(kubeai, options, prompt, poolOf(EIGHT_IDLE)).best[0]))
  expect(homes({}).size).toBe(1)
  expect(homes({ prefixChars: 257 }).size).toBeGreaterThan(4)
})

test('an idle pool has room everywhere', () => {
  const [home] = ringOf(asked, 4)
  expect(rankOf(kubeai, {}, asked, poolOf([0, 0, 0, 0]))).toMatchObject({ best: [`engine-${home}`], reason: 'home' })
})

test('the bound counts the request on both sides', () => {
  const [home = 0, second = 0, third = 0] = ringOf(asked, 3)
  const at = (onHome: number, onSecond: number, onThird: number) => {
    const loads = [0, 0, 0]
    loads[home] = onHome
    loads[second] = onSecond
    loads[third] = onThird
    return rankOf(kubeai, {}, asked, poolOf(loads))
  }
  // 11 in flight, with the request 12 over 3: the bound is 5, so 4 is the most that leaves room.
  expect(at(4, 4, 3)).toMatchObject({ best: [`engine-${home}`], reason: 'home' })
  expect(at(5, 3, 3)).toMatchObject({ best: [`engine-${second}`], reason: 'passed-on' })
  expect(at(5, 5, 1)).toMatchObject({ best: [`engine-${third}`], reason: 'passed-on' })
  // One each: the bound is 1.25 * 4 / 3 = 1.67, below the 2 that everybody would have.
  expect(at(1, 1, 1)).toMatchObject({ best: [`engine-${home}`], reason: 'no-room' })
  expect(rankOf(kubeai, { loadFactor: 1.5 }, asked, poolOf([1, 1, 1])).reason).toBe('home')
})

test('an endpoint that leaves passes its prompts on to the next on the ring', () => {
  for (let head = 0; head < 50; head++) {
    const prompt = request({ blocks: keysOf([head]) })
    const ring = ringOf(prompt, 5)
    const rest = poolOf([0, 0, 0, 0, 0]).filter(({ slot }) => slot !== ring[0])
    expect(rankOf(kubeai, {}, prompt, rest).best).toEqual([`engine-${ring[1]}`])
  }
})

test('without a full block, the fewest requests', () => {
  expect(rankOf(kubeai, {}, request(), poolOf([2, 1]))).toMatchObject({ best: ['engine-1'], reason: 'no-prefix' })
})
