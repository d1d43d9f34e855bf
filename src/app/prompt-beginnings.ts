import type { BlockKeys } from '../prefix/block-keys.ts'
import { SegmentCache } from '../tokenizer/segment-cache.ts'

/** The tokens with which a prompt is believed to begin. */
export interface PromptBeginning {
  readonly ids: Uint32Array
  /** Blocks of the prompt's bytes that they stand for. */
  readonly blocks: number
}

/** How many turns tell what becomes of the end of a prompt in the next turn. */
const LOOKED_AT = 8

/**
 * Remembers the tokens of prompts by the keys of their bytes, so that the next turn of a conversation, whose own tokens are
 * not known yet, can be looked up by those of the turn before.
 *
 * The end of a prompt may come out otherwise in the next turn: a template opens the answer, a word goes on. How many tokens
 * that concerns is observed whenever two turns of a conversation are known, and so many are left out.
 */
export class PromptBeginnings {
  readonly #known: SegmentCache
  readonly #lost: number[] = []

  /** @param lost Tokens at the end of a prompt that are left out until it is known better. */
  constructor(limitBytes: number, lost: number) {
    this.#known = new SegmentCache(limitBytes)
    this.#lost.push(lost)
  }

  /** Undefined where no prompt is known that this one goes on with. */
  recall({ words, count }: BlockKeys): PromptBeginning | undefined {
    const found = this.#longest(words, count)
    if (found === undefined) return undefined
    const kept = found.ids.length - Math.max(...this.#lost)
    return kept <= 0 ? undefined : { ids: found.ids.subarray(0, kept), blocks: found.end }
  }

  /** The tokens of a whole prompt have come. Prompts of less than a block are not remembered. */
  learn({ words, count }: BlockKeys, ids: Uint32Array): void {
    if (count === 0) return
    const before = this.#longest(words, count)
    // One with the same blocks may be another end of the same turn.
    if (before !== undefined && before.end < count) this.#observe(before.ids, ids)
    const [key, check] = keyAt(words, count)
    this.#known.set(key, { ids, check, end: count })
  }

  #longest(words: Uint32Array, count: number) {
    for (let end = count; end > 0; end--) {
      const [key, check] = keyAt(words, end)
      const known = this.#known.get(key, check, end)
      if (known !== undefined) return known
    }
    return undefined
  }

  #observe(before: Uint32Array, ids: Uint32Array): void {
    let same = 0
    while (same < before.length && before[same] === ids[same]) same++
    this.#lost.push(before.length - same)
    if (this.#lost.length > LOOKED_AT) this.#lost.shift()
  }
}

/** The key of the block before `end`: 53 bits of it, and its upper word. */
function keyAt(words: Uint32Array, end: number): readonly [key: number, check: number] {
  const low = words[2 * end - 2]!
  const high = words[2 * end - 1]!
  return [(high & 0x1fffff) * 0x1_0000_0000 + low, high]
}
