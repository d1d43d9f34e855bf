import type { BlockKeys } from './block-keys.ts'
import type { TokenKeys } from './token-block-keys.ts'

/**
 * The keys of one prompt in every size of block that some endpoint is looked up in: over the bytes of its text, for
 * endpoints whose cache is predicted, and over its tokens, for those that report theirs, once per block size.
 *
 * It is the prompt's keys over bytes for whoever asks for no more, so a request without tokens may as well carry those
 * alone.
 */
export class PromptKeys implements BlockKeys {
  readonly count: number
  readonly words: Uint32Array
  /** Tokens that one block over bytes stands for; more than 0. */
  readonly tokensPerBlock: number
  readonly tokenKeys: readonly TokenKeys[]

  constructor(bytes: BlockKeys, tokensPerBlock: number, tokenKeys: readonly TokenKeys[]) {
    this.count = bytes.count
    this.words = bytes.words
    this.tokensPerBlock = tokensPerBlock
    this.tokenKeys = tokenKeys
  }

  /** The keys over blocks of so many tokens, undefined when the prompt was not cut into such blocks. */
  over(blockTokens: number): TokenKeys | undefined {
    for (const keys of this.tokenKeys) if (keys.blockTokens === blockTokens) return keys
    return undefined
  }
}
