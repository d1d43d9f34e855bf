import type { TokenKeys } from '../prefix/token-block-keys.ts'
import type { Pool } from './pool.ts'

/** What beside its tokens says which blocks of an engine a prompt has. */
export interface TokenPrompt {
  /** Whose endpoints it may go to. */
  readonly pool: Pool
  /** Model after aliases; an adapter has the name of a model. */
  readonly model: string
  readonly cacheSalt: string | undefined
}

/**
 * Cuts prompts whose tokens are known into the blocks of the engines that report theirs. Whoever finds out a prompt's
 * tokens (they came with the request, or a tokenizer made them) gives its request the keys that this makes of them.
 */
export interface TokenBlocks {
  /** False while no engine of the pool reports its blocks: then nobody has to find tokens out. */
  wantedBy(pool: Pool): boolean
  /** Keys of the prompt's full blocks, for each size of block that the pool's endpoints have. */
  keysOf(tokens: Uint32Array, prompt: TokenPrompt): readonly TokenKeys[]
}
