import { mixBits } from '../engine/mix-bits.ts'
import type { BlockKeys } from '../prefix/block-keys.ts'
import type { TextRun } from '../workload/workload.ts'

const FIRST_LOW = 0x243f6a88
const FIRST_HIGH = 0x85a308d3

/**
 * Chained keys of the first `tokens` tokens of a text made of identified blocks, cut anew into blocks of `blockTokens`.
 * A token is what its block's id and its place in there say, so two texts share a key exactly when they share all ids
 * and lengths up to there, whatever sizes their own blocks have; a shorter block is the beginning of a longer one with
 * the same id. Keys of different `blockTokens` are not to be compared. The work grows with the number of blocks, not of tokens.
 */
export function cutKeys(runs: readonly TextRun[], tokens: number, blockTokens: number): BlockKeys {
  const count = Math.floor(Math.min(tokens, lengthOf(runs)) / blockTokens)
  const words = new Uint32Array(2 * count)
  let low = FIRST_LOW
  let high = FIRST_HIGH
  let at = 0
  let block = 0
  let boundary = blockTokens
  for (const run of runs) {
    for (let left = run.tokens, i = 0; left > 0 && block < count; i++) {
      const id = run.ids[i] ?? 0
      const length = Math.min(run.unit, left)
      const lowOfId = mixBits(low ^ Math.imul(id, 0x9e3779b1))
      const highOfId = mixBits(high ^ Math.imul(id, 0x85ebca77) ^ low)
      // Consecutive numbers: what is used together then lies together in the engine's table.
      for (let nth = 1; boundary <= at + length && block < count; block++, nth++) {
        words[2 * block] = lowOfId + nth
        words[2 * block + 1] = highOfId
        boundary += blockTokens
      }
      low = keyLow(lowOfId, length)
      high = keyHigh(highOfId, length)
      at += length
      left -= length
    }
  }
  return { count, words }
}

function keyLow(lane: number, offset: number): number {
  return mixBits(lane + Math.imul(offset, 0xc2b2ae3d))
}

function keyHigh(lane: number, offset: number): number {
  return mixBits(lane ^ Math.imul(offset, 0x27d4eb2f))
}

function lengthOf(runs: readonly TextRun[]): number {
  let tokens = 0
  for (const run of runs) tokens += run.tokens
  return tokens
}
