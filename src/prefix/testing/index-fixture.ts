import type { BlockKeys } from '../block-keys.ts'
import { PredictedIndex } from '../predicted-index.ts'

/** A prompt of `count` blocks; prompts with the same name share every block up to the shorter one's end. */
export function prompt(name: number, count: number, start?: BlockKeys): BlockKeys {
  const words = new Uint32Array(2 * count)
  for (let block = 0; block < count; block++) {
    words[2 * block] = Math.imul(name * 65_537 + block + 1, 0x9e3779b1)
    words[2 * block + 1] = name
  }
  if (start !== undefined) words.set(start.words.subarray(0, 2 * Math.min(start.count, count)))
  return { count, words }
}

/** How many leading blocks each slot holds. */
export function matches(index: PredictedIndex, keys: BlockKeys): number[] {
  const into = new Uint32Array(index.slots).fill(77)
  index.match(keys, into)
  return [...into]
}

/** An index with one endpoint for each capacity. */
export function indexOf(...capacities: number[]): PredictedIndex {
  const index = new PredictedIndex()
  for (const capacity of capacities) index.addEndpoint(capacity)
  return index
}
