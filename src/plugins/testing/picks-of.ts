import type { PickerPlugin } from '../../core/plugin.ts'
import { createRandomSource } from './random-source.ts'
import { testServices } from './rank-of.ts'

/** How often each endpoint has the lowest cost in `rounds` decisions over the same scores. */
export function picksOf(plugin: PickerPlugin, scores: readonly number[], rounds: number): readonly number[] {
  const pick = plugin.instantiate({}, testServices(createRandomSource(11).random))
  const values = Float64Array.from(scores)
  const cost = new Float64Array(scores.length)
  const wins = scores.map(() => 0)
  for (let round = 0; round < rounds; round++) {
    pick(values, scores.length, cost)
    const winner = cost.indexOf(Math.min(...cost))
    wins[winner] = (wins[winner] ?? 0) + 1
  }
  return wins
}
