import type { TokenBlocks } from '../core/token-blocks.ts'
import type { CombinedIndex } from '../prefix/combined-index.ts'
import { namespaceSeed, tokenBlockKeys } from '../prefix/token-block-keys.ts'

export interface TokenBlocksParts {
  readonly index: CombinedIndex
  /** Slots of the endpoints that publish events. */
  readonly slots: () => readonly number[]
  /** The name of the adapter under which a model is served; undefined for a model of its own. */
  readonly adapterOf: (model: string) => string | undefined
}

/** Cuts prompts into the blocks of the endpoints that publish events, relied on or not: they show whether they can be. */
export function createTokenBlocks({ index, slots, adapterOf }: TokenBlocksParts): TokenBlocks {
  return {
    get wanted() {
      return slots().length > 0
    },
    keysOf(tokens, { model, cacheSalt }) {
      const adapter = adapterOf(model)
      return blockSizes(index, slots()).map((size) =>
        tokenBlockKeys(tokens, size, namespaceSeed({ adapter, cacheSalt }, size)),
      )
    },
  }
}

function blockSizes({ exact }: CombinedIndex, slots: readonly number[]): number[] {
  const sizes = new Set(slots.map((slot) => exact.blockTokens(slot)))
  // Until its first event an endpoint has not said how long its blocks are.
  sizes.delete(0)
  return [...sizes]
}
