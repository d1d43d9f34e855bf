import { BYTES_PER_TOKEN } from './synthesize-text.ts'
import { singleRun } from './workload.ts'
import type { TextRun } from './workload.ts'

/** Hands out runs of new text, each with an id that no other has. */
export interface BlockCounter {
  /** A new text of a length in characters, rounded up to whole tokens (at least one). */
  text(characters: number): TextRun
  /** A new text of a length in tokens. */
  tokens(count: number): TextRun
}

/** Numbers new texts from 0. */
export function createBlockCounter(): BlockCounter {
  let next = 0
  const tokens = (count: number) => singleRun(next++, Math.max(1, count))
  return { tokens, text: (characters) => tokens(Math.ceil(characters / BYTES_PER_TOKEN)) }
}
