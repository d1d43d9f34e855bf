import type { BlockKeys } from './block-keys.ts'

/**
 * Every `stride`-th key of a prompt. As keys are chained, these are the keys of the prompt in blocks `stride` times as
 * long. The result is overwritten by the next call.
 */
export class CoarseKeys implements BlockKeys {
  count = 0
  words = new Uint32Array(256)

  take(keys: BlockKeys, stride: number): this {
    this.count = Math.floor(keys.count / stride)
    if (this.words.length < 2 * this.count) this.words = new Uint32Array(4 * this.count)
    for (let at = 0, from = 2 * (stride - 1); at < this.count; at++, from += 2 * stride) {
      this.words[2 * at] = keys.words[from]!
      this.words[2 * at + 1] = keys.words[from + 1]!
    }
    return this
  }
}
