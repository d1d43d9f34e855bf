import type { SchedulingRequest } from '../core/request.ts'

/** Chained keys make one block vouch for all before it, so few are looked at: near the front every 4th, then every 32nd. */
const NEAR_STRIDE = 4
const FAR_STRIDE = 32
const NEAR_BLOCKS = 64
/** Prompts that are remembered as a share of the estimate: an observation weighs this little. */
const WEIGHT = 0.005

/** How likely it is that what an engine evicts will be asked for again. */
export interface ReuseEstimate {
  /** Between 0 and 1. */
  readonly probability: number
  /**
   * Takes in a request that was sent.
   *
   * @param heldTokens Leading prompt tokens that some endpoint held.
   * @param windowTokens Tokens of prompts after which a block counts as forgotten for good: what is asked for again
   *   later than that could not have been kept either.
   */
  note(request: SchedulingRequest, heldTokens: number, windowTokens: number): void
}

/**
 * Estimates the chance that evicted blocks are asked for again: the share of tokens computed anew that had been seen
 * within the window and were held by nobody any more. Remembers keys in a table of fixed size; a collision only makes
 * it forget.
 *
 * @param entries Keys that are remembered, a power of two.
 */
export function createReuseEstimate(entries = 1 << 16): ReuseEstimate {
  const tags = new Uint32Array(entries)
  const seenAt = new Float64Array(entries).fill(Number.NEGATIVE_INFINITY)
  const mask = entries - 1
  let sentTokens = 0
  let again = 0
  let computed = 1

  /** Leading blocks of the prompt that were seen within the window; marks all of them as seen now. */
  function seenBlocks({ blocks, tokensPerBlock }: SchedulingRequest, windowTokens: number): number {
    let seen = 0
    let unbroken = true
    let block = NEAR_STRIDE - 1
    while (block < blocks.count) {
      const low = blocks.words[2 * block]!
      const high = blocks.words[2 * block + 1]!
      const at = low & mask
      unbroken &&= tags[at] === high && seenAt[at]! > sentTokens - windowTokens
      if (unbroken) seen = block + 1
      tags[at] = high
      seenAt[at] = sentTokens + block * tokensPerBlock
      block += block + 1 < NEAR_BLOCKS ? NEAR_STRIDE : FAR_STRIDE
    }
    return seen
  }

  return {
    get probability() {
      return Math.min(1, again / computed)
    },
    note(request, heldTokens, windowTokens) {
      const seenTokens = seenBlocks(request, windowTokens) * request.tokensPerBlock
      const fresh = Math.max(0, request.promptTokens - heldTokens)
      again += Math.max(0, seenTokens - heldTokens) - WEIGHT * again
      computed += fresh - WEIGHT * computed
      sentTokens += fresh
    },
  }
}
